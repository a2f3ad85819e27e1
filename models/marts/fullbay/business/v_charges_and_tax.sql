with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

taxes as (

    select * from {{ ref('stg_fullbay__invoice_taxes') }}

),

taxes_by_invoice as (

    select
        invoice_key,
        count(*) as tax_count,
        sum(tax_rate) as listed_tax_rate,
        sum(tax_total) as listed_tax_total
    from taxes
    group by invoice_key

),

charges as (

    select
        invoices.invoice_key,
        invoices.shop_id,
        invoices.fullbay_invoice_id,
        invoices.invoice_number,
        invoices.invoice_date,
        invoices.customer_id,
        invoices.customer as customer_title,
        invoices.supplies_total,
        invoices.misc_charge_total,
        invoices.service_call_total,
        invoices.mileage_total,
        invoices.sublet_labor_total,
        invoices.revenue_freight,
        invoices.taxable_base,
        invoices.exempt_base,
        invoices.unknown_taxable_base,
        invoices.tax_title,
        invoices.tax_rate,
        coalesce(taxes_by_invoice.tax_count, 0) as tax_count,
        taxes_by_invoice.listed_tax_rate,
        taxes_by_invoice.listed_tax_total,
        invoices.tax_total,
        invoices.lines_tax,
        round(100 * invoices.tax_total / nullif(invoices.taxable_base, 0), 4) as effective_tax_rate,
        invoices.sub_total as subtotal,
        invoices.total as invoice_total,
        invoices.supplies_overridden,
        invoices.supplies_taxable
    from invoices
    left join taxes_by_invoice
        on invoices.invoice_key = taxes_by_invoice.invoice_key

)

select * from charges
order by invoice_date desc, invoice_number desc
