-- A view that a predicate on the device and the time, or on the arrival, goes through: nothing is looked up for rows
-- that nobody asks for. So no window, no grouping, and each relation is imported once.
with

contexts as (

    select * from {{ ref('stg_geotab__exception_contexts') }}

),

exceptions as (

    select * from {{ ref('stg_geotab__exceptions') }}

),

newer as (

    select * from {{ ref('stg_geotab__exceptions') }}

),

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

drivers as (

    select * from {{ ref('stg_geotab__users') }}

),

rules as (

    select * from {{ ref('stg_geotab__rules') }}

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
        coalesce(exceptions.device_id, '')
        || '|' || coalesce(exceptions.rule_id, '')
        || '|' || {{ iso_utc('exceptions.started_at') }} as row_key,
        md5(cast(json_build_array(
            exceptions.driver_id,
            drivers.user_id is not null,
            devices.device_id is not null,
            rules.rule_id is not null,
            trunc(exceptions.duration_seconds),
            {{ miles('exceptions.distance_m') }},
            contexts.zone_ids,
            contexts.latitude_e5,
            contexts.longitude_e5,
            addresses.address is not null
        ) as text)) as content_hash,
        exceptions.state = 'valid'
        and exceptions.is_ended
        and exceptions.deleted_at is null
        and exceptions.device_id is not null
        -- Processed again, an event may come under a new id before the old one is withdrawn: the newest stands.
        and not exists (
            select from newer
            where newer.connection = exceptions.connection
                and newer.device_id = exceptions.device_id
                and newer.started_at = exceptions.started_at
                and newer.rule_id is not distinct from exceptions.rule_id
                and newer.state = 'valid'
                and newer.is_ended
                and newer.deleted_at is null
                and (
                    coalesce(newer.source_modified_at, newer.first_landed_at), newer.exception_id
                ) > (
                    coalesce(exceptions.source_modified_at, exceptions.first_landed_at), exceptions.exception_id
                )
        ) as is_reportable,
        contexts.landed_xid,
        exceptions.device_id,
        exceptions.started_at as occurred_at,
        devices.name as "DeviceName",
        exceptions.device_id as "DeviceIdHex",
        exceptions.device_id as "DeviceId",
        {{ geotab_group_names('devices.connection', 'devices.group_ids') }} as "DeviceGroup",
        rules.name as "RuleName",
        contexts.longitude as "Longitude",
        contexts.latitude as "Latitude",
        addresses.address as "Location",
        {{ geotab_zone_names('contexts.connection', 'contexts.zone_ids') }} as "LocationZones",
        {{ report_date('exceptions.started_at', 'connections.time_zone') }} as "StartDate",
        {{ report_time('exceptions.started_at', 'connections.time_zone') }} as "StartTime",
        {{ report_duration('exceptions.duration_seconds') }} as "Duration",
        {{ miles('exceptions.distance_m') }} as "Distance",
        cast(null as text) as "ExtraInfo",
        rules.comment as "Details",
        drivers.key_serial_number as "DriverSerialNumber",
        drivers.employee_number as "DriverEmployeeNumber",
        devices.serial_number as "DeviceSerialNumber"
    from contexts
    inner join exceptions
        on contexts.connection = exceptions.connection and contexts.exception_id = exceptions.exception_id
    left join devices
        on exceptions.connection = devices.connection and exceptions.device_id = devices.device_id
    left join drivers
        on exceptions.connection = drivers.connection and exceptions.driver_id = drivers.user_id
    left join rules
        on exceptions.connection = rules.connection and exceptions.rule_id = rules.rule_id
    left join addresses
        on contexts.connection = addresses.connection
        and contexts.latitude_e5 = addresses.latitude_e5
        and contexts.longitude_e5 = addresses.longitude_e5
    left join connections
        on contexts.connection = connections.connection

)

select * from reported
