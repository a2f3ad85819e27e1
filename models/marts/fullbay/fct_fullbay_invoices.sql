{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['shop_id', 'fullbay_invoice_id'],
        meta={'milepost': {'increment': 'arrival'}},
        indexes=[
            {'columns': ['shop_id', 'fullbay_invoice_id'], 'unique': True},
            {'columns': ['invoice_key']},
            {'columns': ['invoice_date']},
            {'columns': ['customer_key', 'invoice_date']},
            {'columns': ['vehicle_key', 'invoice_date']},
        ],
    )
}}

with

invoices_with_lines as (

    select * from {{ ref('int_fullbay_invoices_with_lines') }}

),

changed_rows as not materialized (

    select * from invoices_with_lines
    {% if is_incremental() %}
    where (shop_id, fullbay_invoice_id) in (
        select changed.shop_id, changed.fullbay_invoice_id
        from invoices_with_lines as changed
        where changed.line_no = 0 and {{ arrived_since_last_success('changed.landed_xid') }}
    )
    {% endif %}

),

measures as (

    select
        invoice_key,
        count(*) filter (where line_item_type = 'PART') as parts_count,
        count(*) filter (where line_item_type = 'SUPPLY') as supplies_count,
        count(*) filter (where line_item_type = 'FREIGHT') as freight_count,
        count(*) filter (where line_item_type = 'LABOR') as labor_count,
        count(*) filter (where line_total = 0) as zero_price_count,
        count(*) filter (
            where line_item_type in ('PART', 'SUPPLY') and part_key is null
        ) as parts_without_number_count,
        count(*) filter (
            where line_item_type = 'LABOR' and coalesce(so_hours, 0) <= 0
        ) as labor_without_hours_count,
        count(distinct technician_key) as technician_count,
        sum(quantity) filter (where line_item_type in ('PART', 'SUPPLY')) as parts_quantity,
        sum(labor_hours) filter (where line_item_type = 'LABOR') as labor_hours_billed,
        sum(so_hours) filter (where line_item_type = 'LABOR') as labor_hours_actual,
        sum(line_total) as revenue_total,
        sum(line_total) filter (where line_item_type in ('PART', 'SUPPLY')) as revenue_parts,
        sum(line_total) filter (where line_item_type = 'LABOR') as revenue_labor,
        sum(line_total) filter (where line_item_type = 'FREIGHT') as revenue_freight,
        sum(line_total) filter (where line_item_type = 'SHOP_SUPPLIES') as revenue_supplies,
        sum(line_total) filter (where line_item_type = 'MISC') as revenue_misc,
        sum(line_total) filter (where line_item_type = 'SUBLET') as revenue_sublet,
        sum(line_cost) filter (where line_item_type in ('PART', 'SUPPLY')) as parts_cost,
        sum(line_cost) as cost_total,
        sum(line_total) filter (where taxable) as taxable_base,
        sum(line_total) filter (where not taxable) as exempt_base,
        sum(line_total) filter (where taxable is null) as unknown_taxable_base,
        max(ingestion_timestamp) as lines_ingested_at
    from changed_rows
    where line_no > 0
    group by invoice_key

),

headers as (

    select * from changed_rows
    where line_no = 0

),

invoices as (

    select
        headers.invoice_key,
        headers.customer_key,
        headers.vehicle_key,
        headers.shop_id,
        headers.fullbay_invoice_id,
        headers.raw_data_id,
        headers.customer_id,
        headers.fullbay_service_order_id,
        headers.unit_id,
        headers.quickbooks_id,
        headers.run_id,
        headers.invoice_number,
        headers.shop_title,
        headers.shop_email,
        headers.shop_address,
        headers.customer,
        headers.customer_external_id,
        headers.customer_main_phone,
        headers.customer_secondary_phone,
        headers.customer_billing_address,
        headers.bill_to_customer,
        headers.so_number,
        headers.po_number,
        headers.unit,
        headers.unit_nickname,
        headers.unit_type,
        headers.unit_subtype,
        headers.unit_year,
        headers.unit_make,
        headers.unit_model,
        headers.unit_vin,
        headers.unit_license_plate,
        headers.primary_technician,
        headers.primary_technician_number,
        headers.tax_title,
        headers.quantity_rule,
        headers.reconciliation_status,
        headers.content_hash,
        headers.material_hash,
        headers.raw_version,
        headers.line_count,
        coalesce(measures.parts_count, 0) as parts_count,
        coalesce(measures.supplies_count, 0) as supplies_count,
        coalesce(measures.freight_count, 0) as freight_count,
        coalesce(measures.labor_count, 0) as labor_count,
        coalesce(measures.zero_price_count, 0) as zero_price_count,
        coalesce(measures.parts_without_number_count, 0) as parts_without_number_count,
        coalesce(measures.labor_without_hours_count, 0) as labor_without_hours_count,
        coalesce(measures.technician_count, 0) as technician_count,
        headers.dropped_parts,
        coalesce(measures.parts_quantity, 0) as parts_quantity,
        headers.labor_hours_total,
        headers.actual_hours_total,
        coalesce(measures.labor_hours_billed, 0) as labor_hours_billed,
        coalesce(measures.labor_hours_actual, 0) as labor_hours_actual,
        headers.parts_total,
        headers.parts_cost_total,
        headers.labor_total,
        headers.sublet_labor_total,
        headers.supplies_total,
        headers.misc_charge_total,
        headers.service_call_total,
        headers.mileage_total,
        headers.mileage_cost_total,
        headers.sub_total,
        headers.tax_rate,
        headers.tax_total,
        headers.total,
        headers.balance,
        coalesce(measures.revenue_total, 0) as revenue_total,
        coalesce(measures.revenue_parts, 0) as revenue_parts,
        coalesce(measures.revenue_labor, 0) as revenue_labor,
        coalesce(measures.revenue_freight, 0) as revenue_freight,
        coalesce(measures.revenue_supplies, 0) as revenue_supplies,
        coalesce(measures.revenue_misc, 0) as revenue_misc,
        coalesce(measures.revenue_total, 0)
            - coalesce(measures.revenue_parts, 0)
            - coalesce(measures.revenue_labor, 0)
            - coalesce(measures.revenue_freight, 0)
            - coalesce(measures.revenue_supplies, 0)
            - coalesce(measures.revenue_misc, 0) as revenue_other,
        coalesce(measures.revenue_sublet, 0) as revenue_sublet,
        coalesce(measures.parts_cost, 0) as parts_cost,
        coalesce(measures.cost_total, 0) as cost_total,
        coalesce(measures.taxable_base, 0) as taxable_base,
        coalesce(measures.exempt_base, 0) as exempt_base,
        coalesce(measures.unknown_taxable_base, 0) as unknown_taxable_base,
        headers.lines_parts,
        headers.lines_labor,
        headers.lines_supplies,
        headers.lines_misc,
        headers.lines_service_call,
        headers.lines_mileage,
        headers.lines_sublet,
        headers.lines_subtotal,
        headers.lines_tax,
        headers.gap_parts,
        headers.gap_labor,
        headers.gap_supplies,
        headers.gap_misc,
        headers.gap_service_call,
        headers.gap_mileage,
        headers.gap_subtotal,
        headers.gap_tax,
        headers.exported,
        headers.unit_vin_is_valid,
        headers.supplies_overridden,
        headers.supplies_taxable,
        headers.other_quantity_rule_matches,
        headers.header_equation_holds,
        headers.invoice_date,
        headers.due_date,
        headers.promise_to_pay_date,
        headers.invoice_created_at,
        headers.service_order_created,
        headers.service_order_start_date,
        headers.service_order_completion_date,
        headers.processed_at,
        coalesce(measures.lines_ingested_at, headers.processed_at) as ingested_at,
        headers.landed_xid
    from headers
    left join measures
        on headers.invoice_key = measures.invoice_key

)

select * from invoices
