-- A trip that is calculated anew with another start may stand beside the old one until the source deletes that one.
{{ config(severity='warn') }}

with

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where started_at > current_timestamp - interval '26 hours' and not is_withdrawn and is_completed

),

followed as (

    select
        connection,
        device_id,
        started_at,
        stopped_at,
        lead(started_at) over (partition by connection, device_id order by started_at) as next_started_at
    from trips

),

wrong as (

    select * from followed
    where next_started_at < stopped_at

)

select * from wrong
