{{ config(materialized='view') }}

with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

line_items_with_context as (

    select
        line_items.id,
        line_items.raw_data_id,
        line_items.fullbay_invoice_id,
        invoices.invoice_number,
        line_items.invoice_date,
        invoices.due_date,
        invoices.shop_title,
        invoices.shop_email,
        invoices.shop_address,
        line_items.customer_id,
        invoices.customer,
        invoices.customer_external_id,
        invoices.customer_main_phone,
        invoices.customer_secondary_phone,
        invoices.customer_billing_address,
        invoices.fullbay_service_order_id,
        line_items.so_number,
        invoices.service_order_created,
        invoices.service_order_start_date,
        invoices.service_order_completion_date,
        invoices.unit_id,
        invoices.unit,
        invoices.unit_type,
        invoices.unit_year,
        invoices.unit_make,
        invoices.unit_model,
        line_items.unit_vin,
        invoices.unit_license_plate,
        invoices.primary_technician,
        invoices.primary_technician_number,
        line_items.fullbay_complaint_id,
        line_items.complaint_type,
        line_items.complaint_subtype,
        line_items.complaint_note,
        line_items.complaint_cause,
        line_items.complaint_authorized,
        line_items.fullbay_correction_id,
        line_items.correction_title,
        line_items.component,
        line_items.system,
        line_items.global_service,
        line_items.recommended_correction,
        line_items.service_description,
        line_items.line_item_type,
        line_items.fullbay_part_id,
        line_items.part_description,
        line_items.shop_part_number,
        line_items.vendor_part_number,
        line_items.part_category,
        line_items.labor_description,
        line_items.labor_rate_type,
        line_items.assigned_technician,
        line_items.assigned_technician_number,
        line_items.quantity,
        line_items.to_be_returned_quantity,
        line_items.returned_quantity,
        line_items.so_hours,
        line_items.labor_hours,
        line_items.technician_portion,
        line_items.unit_cost,
        line_items.unit_price,
        line_items.line_total,
        line_items.price_overridden,
        line_items.taxable,
        line_items.tax_rate,
        line_items.line_tax,
        line_items.sales_total,
        line_items.inventory_item,
        line_items.core_type,
        line_items.sublet,
        line_items.ingestion_timestamp,
        line_items.ingestion_source,
        line_items.shop_id,
        line_items.line_item_key,
        line_items.invoice_key,
        line_items.line_no,
        line_items.line_key,
        line_items.raw_version,
        line_items.line_cost,
        line_items.gross_profit,
        line_items.technician_assignment_id,
        line_items.technician_key,
        line_items.misc_charge_id,
        line_items.quickbooks_item,
        line_items.quickbooks_item_type,
        line_items.quickbooks_account,
        line_items.correction_performed,
        line_items.part_ids,
        line_items.part_count,
        line_items.classified_by,
        invoices.unit_nickname,
        invoices.unit_subtype,
        invoices.po_number,
        line_items.labor_taxable_source
    from line_items
    inner join invoices
        on line_items.shop_id = invoices.shop_id
        and line_items.fullbay_invoice_id = invoices.fullbay_invoice_id

)

select * from line_items_with_context
