{{ config(materialized='view') }}

with

invoices_with_lines as (

    select * from {{ ref('int_fullbay_invoices_with_lines') }}

),

line_items as (

    select
        line_item_key,
        invoice_key,
        customer_key,
        vehicle_key,
        technician_key,
        part_key,
        id,
        shop_id,
        raw_data_id,
        fullbay_invoice_id,
        line_no,
        line_key,
        customer_id,
        fullbay_complaint_id,
        fullbay_correction_id,
        fullbay_part_id,
        part_ids,
        misc_charge_id,
        technician_assignment_id,
        line_item_type,
        classified_by,
        so_number,
        unit_vin,
        complaint_type,
        complaint_subtype,
        complaint_note,
        complaint_cause,
        correction_title,
        correction_performed,
        component,
        system,
        global_service,
        recommended_correction,
        service_description,
        part_description,
        shop_part_number,
        vendor_part_number,
        part_category,
        labor_description,
        labor_rate_type,
        labor_taxable_source,
        assigned_technician,
        assigned_technician_number,
        core_type,
        quickbooks_account,
        quickbooks_item,
        quickbooks_item_type,
        ingestion_source,
        raw_version,
        part_count,
        technician_portion,
        quantity,
        to_be_returned_quantity,
        returned_quantity,
        so_hours,
        labor_hours,
        unit_cost,
        unit_price,
        line_cost,
        line_total,
        gross_profit,
        tax_rate,
        line_tax,
        sales_total,
        complaint_authorized,
        price_overridden,
        taxable,
        inventory_item,
        sublet,
        invoice_date,
        ingestion_timestamp
    from invoices_with_lines
    where line_no > 0

)

select * from line_items
