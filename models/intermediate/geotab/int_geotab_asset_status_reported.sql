with

status as (

    select * from {{ ref('stg_geotab__device_status') }}

),

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

drivers as (

    select * from {{ ref('stg_geotab__users') }}

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

zones as (

    select * from {{ ref('stg_geotab__zones') }}

),

addresses as (

    select * from {{ ref('stg_geotab__addresses') }}

),

connections as (

    select * from {{ ref('stg_geotab__connections') }}

),

reported as (

    select
        status.connection,
        status.device_id as row_key,
        md5(cast(json_build_array(
            extract(epoch from status.recorded_at),
            status.is_driving,
            status.is_communicating,
            status.driver_id,
            status.zone_ids,
            status.latitude_e5,
            status.longitude_e5,
            readings.odometer_m,
            readings.engine_seconds,
            extract(epoch from readings.last_trip_started_at),
            addresses.address is not null
        ) as text)) as content_hash,
        devices.device_id is not null
        {%- if not var('include_archived') %}
        and coalesce(devices.active_to > current_timestamp, true)
        {%- endif %} as is_reportable,
        greatest(status.landed_xid, devices.landed_xid, readings.landed_xid, positions.landed_xid) as landed_xid,
        status.device_id,
        coalesce(positions.recorded_at, status.recorded_at) as occurred_at,
        devices.name as "DeviceName",
        devices.vin as "DeviceVIN",
        {{ text_or_null('devices.device_plans[1]') }} as "DevicePlan",
        {{ miles('readings.odometer_m') }} as "CurrentOdometer",
        {{ geotab_group_names('devices.connection', 'devices.group_ids') }} as "DeviceGroup",
        case when status.is_driving then 'Driving' else 'Stopped' end as "DrivingState",
        addresses.address as "Location",
        {{ geotab_zone_names('status.connection', 'status.zone_ids') }} as "LocationZones",
        {{ engine_hours('readings.engine_seconds') }} as "CurrentEngineHours",
        {{ report_date('devices.active_from', 'connections.time_zone') }} as "ActiveFromDate",
        {{ report_time('devices.active_from', 'connections.time_zone') }} as "ActiveFromTime",
        {{ report_date('devices.active_to', 'connections.time_zone') }} as "ActiveToDate",
        {{ report_time('devices.active_to', 'connections.time_zone') }} as "ActiveToTime",
        devices.serial_number as "SerialNumber",
        status.device_id as "DeviceId",
        case
            when status.is_communicating then 'OK' else 'Device is not downloading data'
        end as "IsCommunicating",
        {{ report_date('readings.last_trip_started_at', 'connections.time_zone') }} as "LastTripDate",
        {{ report_time('readings.last_trip_started_at', 'connections.time_zone') }} as "LastTripTime",
        {{ report_date('coalesce(positions.recorded_at, status.recorded_at)', 'connections.time_zone') }} as "LastGpsDate",
        {{ report_time('coalesce(positions.recorded_at, status.recorded_at)', 'connections.time_zone') }} as "LastGpsTime",
        drivers.key_serial_number as "DriverSerialNumber",
        drivers.employee_number as "DriverEmployeeNumber",
        devices.serial_number as "DeviceSerialNumber",
        devices.engine_vin as "EngineVIN",
        lower(btrim(coalesce(devices.vin, '')))
        = lower(btrim(coalesce(devices.engine_vin, ''))) as "VINMatch"
    from status
    left join devices
        on status.connection = devices.connection and status.device_id = devices.device_id
    left join drivers
        on status.connection = drivers.connection and status.driver_id = drivers.user_id
    left join readings
        on status.connection = readings.connection and status.device_id = readings.device_id
    left join positions
        on status.connection = positions.connection and status.device_id = positions.device_id
    left join addresses
        on status.connection = addresses.connection
        and status.latitude_e5 = addresses.latitude_e5
        and status.longitude_e5 = addresses.longitude_e5
    left join connections
        on status.connection = connections.connection

)

select * from reported
