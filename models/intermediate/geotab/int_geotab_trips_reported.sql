-- A view that a predicate on the device and the time, or on the arrival, goes through: nothing is looked up for rows
-- that nobody asks for. So no window, no grouping, and each relation is imported once.
with

contexts as (

    select * from {{ ref('stg_geotab__trip_contexts') }}

),

trips as (

    select * from {{ ref('stg_geotab__trips') }}

),

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

drivers as (

    select * from {{ ref('stg_geotab__users') }}

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
        contexts.connection,
        contexts.device_id || '|' || {{ iso_utc('contexts.started_at') }} as row_key,
        md5(cast(json_build_array(
            trips.driver_id,
            drivers.user_id is not null,
            devices.device_id is not null,
            trunc(extract(epoch from trips.stopped_at)),
            trunc(trips.driving_seconds),
            trunc(trips.stop_seconds),
            trunc(trips.idling_seconds),
            trunc(trips.work_driving_seconds),
            trunc(trips.work_stop_seconds),
            {{ miles('trips.distance_m') }},
            {{ miles('trips.work_distance_m') }},
            {{ miles_per_hour('trips.maximum_speed_kmh') }},
            trips.stop_latitude,
            trips.stop_longitude,
            trips.is_after_hours_start,
            trips.is_after_hours_end,
            contexts.zone_ids,
            round(cast(contexts.odometer_start_m / 160.9344 as numeric)),
            addresses.address is not null
        ) as text)) as content_hash,
        trips.is_completed and not trips.is_withdrawn as is_reportable,
        contexts.landed_xid,
        contexts.device_id,
        contexts.started_at as occurred_at,
        devices.name as "DeviceName",
        contexts.device_id as "DeviceId",
        contexts.device_id as "DeviceIdHex",
        {{ geotab_group_names('devices.connection', 'devices.group_ids') }} as "DeviceGroup",
        {{ report_date('trips.started_at', 'connections.time_zone') }} as "StartDate",
        {{ report_time('trips.started_at', 'connections.time_zone') }} as "StartTime",
        {{ report_duration('trips.driving_seconds') }} as "DrivingDuration",
        {{ report_date('trips.stopped_at', 'connections.time_zone') }} as "StopDate",
        {{ report_time('trips.stopped_at', 'connections.time_zone') }} as "StopTime",
        {{ miles('trips.distance_m') }} as "Distance",
        {{ report_duration('trips.stop_seconds') }} as "StopDuration",
        trips.stop_latitude as "Latitude",
        trips.stop_longitude as "Longitude",
        addresses.address as "Location",
        {{ geotab_zone_names('contexts.connection', 'contexts.zone_ids') }} as "LocationZones",
        {{ report_duration('trips.idling_seconds') }} as "IdlingDuration",
        {{ miles_per_hour('trips.maximum_speed_kmh') }} as "MaximumSpeed",
        case when trips.is_after_hours_start is false then 1 else 0 end as "IsStartWork",
        case when trips.is_after_hours_end is false then 1 else 0 end as "IsStopWork",
        {{ miles('trips.work_distance_m') }} as "WorkDistance",
        {{ report_duration('trips.work_driving_seconds') }} as "WorkTripTime",
        {{ report_duration('trips.work_stop_seconds') }} as "WorkStopTime",
        {{ miles('contexts.odometer_start_m') }} as "OdometerAtStart",
        drivers.key_serial_number as "DriverSerialNumber",
        drivers.employee_number as "DriverEmployeeNumber",
        devices.serial_number as "DeviceSerialNumber"
    from contexts
    inner join trips
        on contexts.connection = trips.connection
        and contexts.device_id = trips.device_id
        and contexts.started_at = trips.started_at
    left join devices
        on contexts.connection = devices.connection and contexts.device_id = devices.device_id
    left join drivers
        on trips.connection = drivers.connection and trips.driver_id = drivers.user_id
    left join addresses
        on contexts.connection = addresses.connection
        and contexts.latitude_e5 = addresses.latitude_e5
        and contexts.longitude_e5 = addresses.longitude_e5
    left join connections
        on contexts.connection = connections.connection

)

select * from reported
