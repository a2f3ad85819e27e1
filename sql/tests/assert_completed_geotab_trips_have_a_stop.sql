with

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where started_at > current_timestamp - interval '26 hours' and is_completed

),

wrong as (

    select
        connection,
        device_id,
        started_at
    from trips
    where stopped_at is null

)

select * from wrong
