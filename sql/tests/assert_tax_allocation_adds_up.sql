-- Where an invoice's tax is spread over its lines, the lines carry exactly that tax.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

tax_by_invoice as (

    select
        invoice_key,
        sum(line_tax) as tax_on_lines,
        count(line_tax) as lines_with_tax,
        count(*) as lines
    from line_items
    group by invoice_key

),

wrong as (

    select
        invoices.invoice_key,
        invoices.tax_total,
        invoices.lines_tax,
        tax_by_invoice.tax_on_lines,
        tax_by_invoice.lines_with_tax,
        tax_by_invoice.lines
    from invoices
    inner join tax_by_invoice
        on invoices.invoice_key = tax_by_invoice.invoice_key
    where tax_by_invoice.tax_on_lines is distinct from invoices.lines_tax
        or tax_by_invoice.lines_with_tax not in (0, tax_by_invoice.lines)
        or (tax_by_invoice.lines_with_tax > 0 and tax_by_invoice.tax_on_lines <> coalesce(invoices.tax_total, 0))

)

select * from wrong
