-- An engine control unit that was swapped does this too; a metre is rounding.
{{ config(severity='warn') }}

with

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where started_at > current_timestamp - interval '26 hours' and not is_withdrawn

),

contexts as (

    select * from {{ ref('stg_geotab__trip_contexts') }}
    where started_at > current_timestamp - interval '26 hours'

),

wrong as (

    select
        trips.connection,
        trips.device_id,
        trips.started_at,
        contexts.odometer_start_m,
        trips.odometer_end_m
    from trips
    inner join contexts
        on trips.connection = contexts.connection
        and trips.device_id = contexts.device_id
        and trips.started_at = contexts.started_at
    where contexts.odometer_start_m > trips.odometer_end_m + 1

)

select * from wrong
