with

raw_data as (

    select * from {{ ref('fullbay_raw_data') }}

),

shops as (

    select * from {{ ref('stg_fullbay__shops') }}

),

received as (

    select
        raw_data.shop_id,
        raw_data.status,
        raw_data.ingestion_timestamp,
        cast(raw_data.ingestion_timestamp at time zone coalesce(shops.time_zone, 'UTC') as date) as ingestion_date
    from raw_data
    left join shops
        on raw_data.shop_id = shops.shop_id

),

counted as (

    select
        shop_id,
        ingestion_date,
        count(*) as total_raw_records,
        count(*) filter (where status = 'PROCESSED') as processed_records,
        count(*) filter (where status = 'PENDING') as pending_records,
        count(*) filter (where status = 'FAILED') as error_records,
        count(*) filter (where status = 'SKIPPED') as skipped_records,
        min(ingestion_timestamp) as first_ingestion,
        max(ingestion_timestamp) as last_ingestion
    from received
    group by shop_id, ingestion_date

),

performance as (

    select
        shop_id,
        ingestion_date,
        total_raw_records,
        processed_records,
        pending_records,
        error_records,
        skipped_records,
        round(cast(100 * processed_records as numeric) / nullif(total_raw_records, 0), 2) as success_rate_percent,
        first_ingestion,
        last_ingestion
    from counted

)

select * from performance
order by ingestion_date desc, shop_id
