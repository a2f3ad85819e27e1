-- Everything in the base tables that is a minute older than the newest row of the marts is in them, in its newest
-- form, and nothing else is. What was written later may have landed while the marts were built: the next build reads it.
with

base_invoices as (

    select * from {{ ref('stg_fullbay__invoices') }}

),

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

settled_invoices as (

    select * from base_invoices
    where processed_at < (select max(invoices.processed_at) - interval '1 minute' from invoices)

),

wrong as (

    select
        settled_invoices.invoice_key,
        settled_invoices.landed_xid as landed_xid_in_base,
        invoices.landed_xid as landed_xid_in_mart
    from settled_invoices
    left join invoices
        on settled_invoices.invoice_key = invoices.invoice_key
    where invoices.landed_xid is distinct from settled_invoices.landed_xid

    union all

    select
        invoices.invoice_key,
        null as landed_xid_in_base,
        invoices.landed_xid as landed_xid_in_mart
    from invoices
    left join base_invoices
        on invoices.invoice_key = base_invoices.invoice_key
    where base_invoices.invoice_key is null

)

select * from wrong
