-- Ids, numbers and names that are keyed or indexed are cut at 200 characters: an index entry has a limit, and one odd
-- text must not stop every build. The base table holds them whole.
with

source as (

    select * from {{ source('base', 'fullbay__line_items') }}

),

renamed as (

    select
        shop_id || '/' || fullbay_invoice_id || '/' || line_key as line_item_key,
        shop_id || '/' || fullbay_invoice_id as invoice_key,
        left(technician_key, 200) as technician_key,
        shop_id || '/' || upper(regexp_replace(trim(left(shop_part_number, 200)), '\s+', ' ', 'g')) as part_key,
        id,
        shop_id,
        fullbay_invoice_id,
        line_no,
        line_key,
        left(fullbay_complaint_id, 200) as fullbay_complaint_id,
        left(fullbay_correction_id, 200) as fullbay_correction_id,
        left(fullbay_part_id, 200) as fullbay_part_id,
        part_ids,
        left(misc_charge_id, 200) as misc_charge_id,
        left(technician_assignment_id, 200) as technician_assignment_id,
        line_item_type,
        classified_by,
        complaint_type,
        complaint_subtype,
        complaint_note,
        complaint_cause,
        correction_title,
        correction_performed,
        left(component, 200) as component,
        left(system, 200) as system,
        left(global_service, 200) as global_service,
        recommended_correction,
        service_description,
        part_description,
        left(shop_part_number, 200) as shop_part_number,
        left(vendor_part_number, 200) as vendor_part_number,
        part_category,
        labor_description,
        labor_rate_type,
        labor_taxable_source,
        left(assigned_technician, 200) as assigned_technician,
        left(assigned_technician_number, 200) as assigned_technician_number,
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
        line_total - line_cost as gross_profit,
        tax_rate,
        line_tax,
        sales_total,
        complaint_authorized,
        price_overridden,
        taxable,
        inventory_item,
        sublet,
        ingestion_timestamp,
        landed_xid
    from source

)

select * from renamed
