with

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where not is_withdrawn

),

contexts as (

    select * from {{ ref('stg_geotab__trip_contexts') }}

),

facts as (

    select
        trips.connection || '/' || trips.device_id as vehicle_key,
        trips.connection || '/' || trips.driver_id as driver_key,
        trips.connection,
        trips.device_id,
        trips.trip_id,
        trips.driver_id,
        contexts.zone_ids,
        contexts.odometer_method,
        {{ miles('trips.distance_m') }} as distance_mi,
        {{ miles('trips.work_distance_m') }} as work_distance_mi,
        cast(trips.driving_seconds as double precision) as driving_seconds,
        cast(trips.idling_seconds as double precision) as idling_seconds,
        cast(trips.stop_seconds as double precision) as stop_seconds,
        cast(trips.work_driving_seconds as double precision) as work_driving_seconds,
        cast(trips.work_stop_seconds as double precision) as work_stop_seconds,
        {{ miles_per_hour('trips.maximum_speed_kmh') }} as maximum_speed_mph,
        {{ miles_per_hour('trips.average_speed_kmh') }} as average_speed_mph,
        {{ miles('contexts.odometer_start_m') }} as odometer_start_mi,
        {{ miles('trips.odometer_end_m') }} as odometer_end_mi,
        {{ engine_hours('contexts.engine_start_seconds') }} as engine_hours_start,
        {{ engine_hours('trips.engine_end_seconds') }} as engine_hours_end,
        trips.stop_latitude,
        trips.stop_longitude,
        contexts.latitude_e5,
        contexts.longitude_e5,
        trips.is_completed,
        trips.is_after_hours_start,
        trips.is_after_hours_end,
        trips.is_seat_belt_off,
        trips.is_future,
        trips.started_at,
        trips.stopped_at,
        trips.next_trip_started_at,
        trips.changed_at
    from trips
    left join contexts
        on trips.connection = contexts.connection
        and trips.device_id = contexts.device_id
        and trips.started_at = contexts.started_at

)

select * from facts
