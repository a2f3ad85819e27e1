-- Each invoice that landed has exactly one current version: the newest.
with

raw_invoices as (

    select * from {{ ref('stg_fullbay__raw_invoices') }}

),

versions as (

    select
        shop_id,
        fullbay_invoice_id,
        max(raw_version) as newest_version,
        count(*) filter (where is_current) as current_versions,
        max(raw_version) filter (where is_current) as current_version
    from raw_invoices
    group by shop_id, fullbay_invoice_id

),

wrong as (

    select * from versions
    where current_versions <> 1
        or current_version <> newest_version

)

select * from wrong
