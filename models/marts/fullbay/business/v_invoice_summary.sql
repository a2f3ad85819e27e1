with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

summary as (

    select
        invoice_key,
        shop_id,
        fullbay_invoice_id,
        invoice_number,
        invoice_date,
        customer_id,
        customer as customer_title,
        so_number as repair_order_number,
        unit as unit_number,
        unit_make,
        unit_model,
        unit_year,
        unit_vin,
        reconciliation_status,
        total as invoice_total,
        sub_total as subtotal,
        tax_total,
        balance,
        line_count as total_line_items,
        parts_count,
        supplies_count,
        freight_count,
        labor_count,
        revenue_parts as parts_total,
        revenue_labor as labor_total,
        revenue_freight,
        revenue_supplies,
        revenue_misc,
        revenue_other,
        revenue_total,
        technician_count,
        ingested_at
    from invoices

)

select * from summary
order by invoice_date desc, invoice_number desc
