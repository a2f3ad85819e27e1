{{
    config(
        materialized='table',
        indexes=[
            {'columns': ['raw_data_id'], 'unique': True},
        ],
    )
}}

with

raw_invoices as (

    select * from {{ ref('stg_fullbay__raw_invoices') }}

),

pages as (

    select * from {{ ref('stg_fullbay__pages') }}

),

versions as (

    select
        raw_data_id,
        shop_id,
        fullbay_invoice_id,
        first_seen_at,
        lead(first_seen_at) over (
            partition by shop_id, fullbay_invoice_id
            order by raw_version
        ) as replaced_at
    from raw_invoices

),

sightings as (

    select
        pages.shop_id,
        listed.fullbay_invoice_id,
        pages.landed_at
    from pages
    cross join unnest(pages.fullbay_invoice_ids) as listed (fullbay_invoice_id)

),

-- A version was what a page brought from the page that landed it until the page that landed the next one.
sighted as (

    select
        versions.raw_data_id,
        count(*) as seen_count,
        max(sightings.landed_at) as last_seen_at
    from versions
    inner join sightings
        on versions.shop_id = sightings.shop_id
        and versions.fullbay_invoice_id = sightings.fullbay_invoice_id
        and versions.first_seen_at <= sightings.landed_at
        and (versions.replaced_at is null or versions.replaced_at > sightings.landed_at)
    group by versions.raw_data_id

)

select * from sighted
