{{ config(severity='warn') }}

-- A header whose own totals disagree is a fault of the source: shown, not repaired.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

wrong as (

    select
        invoice_key,
        invoice_date,
        sub_total,
        tax_total,
        total
    from invoices
    where header_equation_holds = false

)

select * from wrong
