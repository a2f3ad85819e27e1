with

shops as (

    select * from {{ ref('stg_fullbay__shops') }}

),

raw_data as (

    select * from {{ ref('fullbay_raw_data') }}

),

invoices as (

    select * from {{ ref('stg_fullbay__invoices') }}

),

pages as (

    select * from {{ ref('stg_fullbay__pages') }}

),

readings as (

    select * from {{ ref('stg_fullbay__readings') }}

),

cursors as (

    select * from {{ ref('stg_fullbay__cursors') }}

),

raw_by_shop as (

    select
        shop_id,
        count(*) as total_invoices,
        count(*) filter (where status = 'PENDING') as pending_invoices,
        count(*) filter (where status = 'FAILED') as error_invoices,
        count(*) filter (where missing_since is not null) as missing_invoices,
        max(ingestion_timestamp) as last_ingestion_at
    from raw_data
    where is_current
    group by shop_id

),

invoices_by_shop as (

    select
        shop_id,
        max(invoice_date) as last_invoice_date
    from invoices
    group by shop_id

),

pages_by_shop as (

    select
        shop_id,
        max(landed_at) as last_page_at
    from pages
    group by shop_id

),

readings_by_shop as (

    select
        shop_id,
        max(finished_at) filter (where status = 'succeeded') as last_success_at,
        max(finished_at) filter (where status = 'failed') as last_failure_at
    from readings
    group by shop_id

),

joined as (

    select
        shops.shop_id,
        shops.shop_name,
        shops.time_zone,
        shops.is_sandbox,
        shops.is_active,
        coalesce(raw_by_shop.total_invoices, 0) as total_invoices,
        coalesce(raw_by_shop.pending_invoices, 0) as pending_invoices,
        coalesce(raw_by_shop.error_invoices, 0) as error_invoices,
        coalesce(raw_by_shop.missing_invoices, 0) as missing_invoices,
        round(
            cast(extract(epoch from current_timestamp - pages_by_shop.last_page_at) as numeric) / 3600, 2
        ) as hours_since_last_page,
        round(
            cast(extract(epoch from current_timestamp - raw_by_shop.last_ingestion_at) as numeric) / 3600, 2
        ) as hours_since_last_ingestion,
        cursors.complete_through,
        invoices_by_shop.last_invoice_date,
        pages_by_shop.last_page_at,
        raw_by_shop.last_ingestion_at,
        readings_by_shop.last_success_at,
        readings_by_shop.last_failure_at
    from shops
    left join raw_by_shop
        on shops.shop_id = raw_by_shop.shop_id
    left join invoices_by_shop
        on shops.shop_id = invoices_by_shop.shop_id
    left join pages_by_shop
        on shops.shop_id = pages_by_shop.shop_id
    left join readings_by_shop
        on shops.shop_id = readings_by_shop.shop_id
    left join cursors
        on shops.shop_id = cursors.shop_id

),

freshness as (

    select
        joined.*,
        case
            when hours_since_last_page is null then 'NO_DATA'
            when hours_since_last_page > 48 then 'STALE'
            when hours_since_last_page > 24 then 'DELAYED'
            when hours_since_last_page > 12 then 'AGING'
            else 'FRESH'
        end as freshness_status
    from joined

)

select * from freshness
order by hours_since_last_page desc nulls first, shop_id
