{{ config(severity='warn') }}

-- More than 2 % of a shop's invoices whose lines miss the header point to a part of the payload that is not read.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

counted as (

    select
        shop_id,
        count(*) as invoices,
        count(*) filter (where reconciliation_status = 'UNRECONCILED') as unreconciled_invoices
    from invoices
    group by shop_id

),

wrong as (

    select * from counted
    where unreconciled_invoices > 0.02 * invoices

)

select * from wrong
