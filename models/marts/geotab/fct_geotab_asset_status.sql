with

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

status as (

    select * from {{ ref('stg_geotab__device_status') }}

),

readings as (

    select * from {{ ref('int_geotab_vehicle_readings') }}

),

positions as (

    select * from {{ ref('stg_geotab__latest_positions') }}

),

zones as (

    select * from {{ ref('stg_geotab__zones') }}

),

addresses as (

    select * from {{ ref('stg_geotab__addresses') }}

),

facts as (

    select
        devices.connection || '/' || devices.device_id as vehicle_key,
        status.connection || '/' || status.driver_id as driver_key,
        devices.connection,
        devices.device_id,
        status.driver_id,
        devices.name as vehicle_name,
        status.zone_ids,
        {{ geotab_zone_names('status.connection', 'status.zone_ids') }} as zone_names,
        addresses.address,
        {{ miles('readings.odometer_m') }} as odometer_mi,
        {{ engine_hours('readings.engine_seconds') }} as engine_hours,
        coalesce(positions.latitude, status.latitude) as latitude,
        coalesce(positions.longitude, status.longitude) as longitude,
        {{ miles_per_hour('status.speed_kmh') }} as speed_mph,
        status.bearing_degrees,
        cast(status.state_seconds as double precision) as state_seconds,
        coalesce(devices.active_to <= current_timestamp, false) as is_archived,
        status.is_driving,
        status.is_communicating,
        status.recorded_at as status_at,
        coalesce(positions.recorded_at, status.recorded_at) as position_at,
        readings.odometer_at,
        readings.engine_at as engine_hours_at,
        readings.last_trip_started_at
    from devices
    left join status
        on devices.connection = status.connection and devices.device_id = status.device_id
    left join readings
        on devices.connection = readings.connection and devices.device_id = readings.device_id
    left join positions
        on devices.connection = positions.connection and devices.device_id = positions.device_id
    left join addresses
        on status.connection = addresses.connection
        and status.latitude_e5 = addresses.latitude_e5
        and status.longitude_e5 = addresses.longitude_e5

)

select * from facts
