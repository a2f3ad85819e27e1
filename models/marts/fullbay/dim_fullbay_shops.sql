{{
    config(
        indexes=[
            {'columns': ['shop_id'], 'unique': True},
        ],
    )
}}

with

configured_shops as (

    select * from {{ ref('stg_fullbay__shops') }}

),

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

latest as (

    select distinct on (shop_id)
        shop_id,
        shop_title,
        shop_email,
        shop_address
    from invoices
    order by shop_id, shop_title is null, invoice_date desc, fullbay_invoice_id desc

),

dated as (

    select
        shop_id,
        count(*) as invoice_count,
        min(invoice_date) as first_invoice_date,
        max(invoice_date) as last_invoice_date
    from invoices
    group by shop_id

),

invoicing_shops as (

    select
        latest.shop_id,
        latest.shop_title,
        latest.shop_email,
        latest.shop_address,
        dated.invoice_count,
        dated.first_invoice_date,
        dated.last_invoice_date
    from latest
    inner join dated
        on latest.shop_id = dated.shop_id

),

-- A shop that left the configuration keeps its invoices, so it keeps its row.
shops as (

    select
        coalesce(configured_shops.shop_id, invoicing_shops.shop_id) as shop_id,
        coalesce(configured_shops.shop_name, invoicing_shops.shop_title) as shop_name,
        invoicing_shops.shop_title,
        invoicing_shops.shop_email,
        invoicing_shops.shop_address,
        coalesce(configured_shops.time_zone, 'UTC') as time_zone,
        coalesce(invoicing_shops.invoice_count, 0) as invoice_count,
        coalesce(configured_shops.is_sandbox, false) as is_sandbox,
        coalesce(configured_shops.is_active, false) as is_active,
        invoicing_shops.first_invoice_date,
        invoicing_shops.last_invoice_date
    from configured_shops
    full join invoicing_shops
        on configured_shops.shop_id = invoicing_shops.shop_id

)

select * from shops
