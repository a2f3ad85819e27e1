with

days as (

    select * from {{ ref('int_geotab_vehicle_days') }}
    where trips + exceptions + faults > 0 or engine_hours is not null

),

facts as (

    select
        connection || '/' || device_id as vehicle_key,
        connection,
        device_id,
        trips,
        exceptions,
        faults,
        distance_mi,
        driving_seconds,
        idling_seconds,
        stop_seconds,
        engine_hours,
        activity_date,
        first_start_at,
        last_stop_at
    from days

)

select * from facts
