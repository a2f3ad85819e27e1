with

cursors as (

    select * from {{ ref('stg_geotab__cursors') }}

),

pages as (

    select * from {{ ref('stg_geotab__pages') }}

),

read_pages as (

    select * from {{ ref('stg_geotab__pages') }}

),

feeds as (

    select
        connection,
        feed
    from cursors
    union
    select
        connection,
        feed
    from read_pages

),

freshness as (

    select
        feeds.connection,
        feeds.feed,
        round(cast(extract(epoch from current_timestamp - cursors_read.updated_at) as numeric) / 60, 1) as cursor_age_minutes,
        coalesce(recent.fetched_last_24h, 0) as fetched_last_24h,
        coalesce(recent.landed_last_24h, 0) as landed_last_24h,
        coalesce(recent.quarantined_last_24h, 0) as quarantined_last_24h,
        cursors_read.updated_at as cursor_moved_at,
        recent.last_page_at,
        recent.last_landed_at
    from feeds
    left join lateral (
        select max(cursors.updated_at) as updated_at
        from cursors
        where cursors.connection = feeds.connection and cursors.feed = feeds.feed
    ) as cursors_read
        on true
    left join lateral (
        select
            sum(pages.fetched) filter (where pages.landed_at > current_timestamp - interval '24 hours')
                as fetched_last_24h,
            sum(pages.landed) filter (where pages.landed_at > current_timestamp - interval '24 hours')
                as landed_last_24h,
            sum(pages.quarantined) filter (where pages.landed_at > current_timestamp - interval '24 hours')
                as quarantined_last_24h,
            max(pages.landed_at) as last_page_at,
            max(pages.landed_at) filter (where pages.landed > 0) as last_landed_at
        from pages
        where pages.connection = feeds.connection and pages.feed = feeds.feed
    ) as recent
        on true

)

select * from freshness
order by connection, feed
