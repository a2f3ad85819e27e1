{{
    config(
        materialized='table',
        indexes=[
            {'columns': ['vehicle_key'], 'unique': True},
        ],
    )
}}

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

groups as (

    select * from {{ ref('stg_geotab__groups') }}

),

vehicles as (

    select
        devices.connection || '/' || devices.device_id as vehicle_key,
        devices.connection,
        devices.device_id,
        status.driver_id,
        devices.name,
        devices.serial_number,
        devices.device_type,
        devices.vin,
        devices.engine_vin,
        devices.license_plate,
        devices.license_state,
        devices.comment,
        devices.time_zone,
        {{ text_or_null('devices.device_plans[1]') }} as plan,
        devices.group_ids,
        {{ geotab_group_names('devices.connection', 'devices.group_ids') }} as group_names,
        {{ miles('readings.odometer_m') }} as odometer_mi,
        {{ engine_hours('readings.engine_seconds') }} as engine_hours,
        coalesce(positions.latitude, status.latitude) as latitude,
        coalesce(positions.longitude, status.longitude) as longitude,
        coalesce(devices.active_to <= current_timestamp, false) as is_archived,
        devices.serial_number is not null
        and count(*) over (partition by devices.connection, devices.serial_number) > 1 as is_serial_number_shared,
        status.is_driving,
        status.is_communicating,
        devices.active_from,
        devices.active_to,
        readings.odometer_at,
        readings.engine_at as engine_hours_at,
        coalesce(positions.recorded_at, status.recorded_at) as position_at,
        status.recorded_at as status_at,
        readings.last_trip_started_at
    from devices
    left join status
        on devices.connection = status.connection and devices.device_id = status.device_id
    left join readings
        on devices.connection = readings.connection and devices.device_id = readings.device_id
    left join positions
        on devices.connection = positions.connection and devices.device_id = positions.device_id

)

select * from vehicles
