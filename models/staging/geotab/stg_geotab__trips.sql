with

source as (

    select * from {{ source('base', 'geotab__trips') }}

),

renamed as (

    select
        connection,
        device_id,
        trip_id,
        driver_id,
        material_hash,
        distance_m,
        work_distance_m,
        driving_seconds,
        idling_seconds,
        stop_seconds,
        work_driving_seconds,
        work_stop_seconds,
        maximum_speed_kmh,
        average_speed_kmh,
        stop_latitude,
        stop_longitude,
        odometer_end_m,
        engine_end_seconds,
        is_after_hours_start,
        is_after_hours_end,
        is_seat_belt_off,
        is_completed,
        is_future,
        started_at,
        stopped_at,
        next_trip_started_at,
        -- A newer trip of the same time leaves no room for this one, whether or not the source has withdrawn it.
        case when is_superseded then coalesce(deleted_at, changed_at) else deleted_at end as deleted_at,
        changed_at,
        landed_xid
    from source

)

select * from renamed
