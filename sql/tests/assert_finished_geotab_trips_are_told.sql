-- Every trip that has ended, stands, and has its surroundings is in the report, whatever it refers to. By `except`: the
-- planner cannot tell how many rows meet over a device and a time, and may join them by a loop within a loop.
with

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where started_at > current_timestamp - interval '26 hours' and is_completed and not is_withdrawn

),

contexts as (

    select * from {{ ref('stg_geotab__trip_contexts') }}
    where started_at > current_timestamp - interval '26 hours'

),

reported as (

    select * from {{ ref('int_geotab_trips_reported') }}
    where occurred_at > current_timestamp - interval '26 hours' and is_reportable

),

wrong as (

    select
        trips.connection,
        trips.device_id,
        trips.started_at
    from trips
    inner join contexts
        on trips.connection = contexts.connection
        and trips.device_id = contexts.device_id
        and trips.started_at = contexts.started_at
    except
    select
        connection,
        device_id,
        occurred_at
    from reported

)

select * from wrong
