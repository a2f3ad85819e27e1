-- The last trip is found from the newest partition back. Of two readings of one moment the adjusted one counts, whose
-- id comes first.
with

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

aliases as (

    select * from {{ ref('stg_geotab__diagnostic_aliases') }}

),

odometer_readings as (

    select * from {{ ref('stg_geotab__latest_status') }}
    where diagnostic_id = {{ geotab_diagnostic_ids(['DiagnosticOdometerAdjustmentId', 'DiagnosticOdometerId']) }}

),

engine_readings as (

    select * from {{ ref('stg_geotab__latest_status') }}
    where diagnostic_id = {{ geotab_diagnostic_ids(['DiagnosticEngineHoursAdjustmentId', 'DiagnosticEngineHoursId']) }}

),

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where not is_withdrawn and not is_future

),

newest as (

    select
        devices.connection,
        devices.device_id,
        odometers.value as odometer_m,
        engines.value as engine_seconds,
        odometers.recorded_at as odometer_at,
        engines.recorded_at as engine_at,
        last_trips.started_at as last_trip_started_at,
        greatest(odometers.landed_xid, engines.landed_xid) as landed_xid
    from devices
    left join lateral (
        select
            odometer_readings.value,
            odometer_readings.recorded_at,
            odometer_readings.landed_xid
        from odometer_readings
        where odometer_readings.connection = devices.connection and odometer_readings.device_id = devices.device_id
        order by odometer_readings.recorded_at desc, odometer_readings.diagnostic_id
        limit 1
    ) as odometers
        on true
    left join lateral (
        select
            engine_readings.value,
            engine_readings.recorded_at,
            engine_readings.landed_xid
        from engine_readings
        where engine_readings.connection = devices.connection and engine_readings.device_id = devices.device_id
        order by engine_readings.recorded_at desc, engine_readings.diagnostic_id
        limit 1
    ) as engines
        on true
    left join lateral (
        select trips.started_at
        from trips
        where trips.connection = devices.connection and trips.device_id = devices.device_id
        order by trips.started_at desc
        limit 1
    ) as last_trips
        on true

)

select * from newest
