with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

warnings as (

    select * from {{ ref('stg_fullbay__invoice_warnings') }}

),

warnings_by_invoice as (

    select
        invoice_key,
        count(*) as warning_count,
        array_agg(distinct code order by code) as warning_codes
    from warnings
    group by invoice_key

),

reconciliation as (

    select
        invoices.invoice_key,
        invoices.shop_id,
        invoices.fullbay_invoice_id,
        invoices.invoice_number,
        invoices.invoice_date,
        invoices.customer as customer_title,
        invoices.reconciliation_status,
        invoices.parts_total as header_parts,
        invoices.lines_parts,
        invoices.gap_parts,
        invoices.labor_total as header_labor,
        invoices.lines_labor,
        invoices.gap_labor,
        invoices.supplies_total as header_supplies,
        invoices.lines_supplies,
        invoices.gap_supplies,
        invoices.misc_charge_total as header_misc,
        invoices.lines_misc,
        invoices.gap_misc,
        invoices.service_call_total as header_service_call,
        invoices.lines_service_call,
        invoices.gap_service_call,
        invoices.mileage_total as header_mileage,
        invoices.lines_mileage,
        invoices.gap_mileage,
        invoices.sublet_labor_total as header_sublet,
        invoices.lines_sublet,
        invoices.sub_total as header_subtotal,
        invoices.lines_subtotal,
        invoices.gap_subtotal,
        invoices.tax_total as header_tax,
        invoices.lines_tax,
        invoices.gap_tax,
        invoices.total as header_total,
        invoices.dropped_parts,
        coalesce(warnings_by_invoice.warning_count, 0) as warning_count,
        coalesce(warnings_by_invoice.warning_codes, '{}') as warning_codes,
        invoices.quantity_rule,
        invoices.other_quantity_rule_matches,
        invoices.header_equation_holds
    from invoices
    left join warnings_by_invoice
        on invoices.invoice_key = warnings_by_invoice.invoice_key

)

select * from reconciliation
order by abs(coalesce(gap_subtotal, 0)) desc, invoice_date desc, invoice_key
