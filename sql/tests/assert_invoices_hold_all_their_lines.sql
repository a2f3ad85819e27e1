-- As many lines as the invoice counts, numbered from 1 without a gap.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

lines_by_invoice as (

    select
        invoice_key,
        count(*) as lines,
        min(line_no) as first_line_no,
        max(line_no) as last_line_no
    from line_items
    group by invoice_key

),

wrong as (

    select
        coalesce(invoices.invoice_key, lines_by_invoice.invoice_key) as invoice_key,
        invoices.line_count,
        lines_by_invoice.lines,
        lines_by_invoice.first_line_no,
        lines_by_invoice.last_line_no
    from invoices
    full join lines_by_invoice
        on invoices.invoice_key = lines_by_invoice.invoice_key
    where invoices.line_count is distinct from coalesce(lines_by_invoice.lines, 0)
        or coalesce(lines_by_invoice.first_line_no, 1) <> 1
        or lines_by_invoice.last_line_no <> lines_by_invoice.lines

)

select * from wrong
