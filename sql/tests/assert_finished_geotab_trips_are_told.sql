-- Every trip that has ended, stands, and has its surroundings is in the report, whatever it refers to.
with

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where started_at > current_timestamp - interval '26 hours' and is_completed and deleted_at is null

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
    left join reported
        on trips.connection = reported.connection
        and trips.device_id = reported.device_id
        and trips.started_at = reported.occurred_at
    where reported.row_key is null

)

select * from wrong
