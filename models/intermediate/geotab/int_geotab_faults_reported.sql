-- A view that a predicate on the device and the time, or on the arrival, goes through: nothing is looked up for rows
-- that nobody asks for. So no window, no grouping, and each relation is imported once.
with

contexts as (

    select * from {{ ref('stg_geotab__fault_contexts') }}

),

faults as (

    select * from {{ ref('stg_geotab__faults') }}

),

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

drivers as (

    select * from {{ ref('stg_geotab__users') }}

),

aliases as (

    select * from {{ ref('stg_geotab__diagnostic_aliases') }}

),

diagnostics as (

    select * from {{ ref('stg_geotab__diagnostics') }}

),

sources as (

    select * from {{ ref('stg_geotab__references') }}
    where entity = 'source'

),

controllers as (

    select * from {{ ref('stg_geotab__references') }}
    where entity = 'controller'

),

groups as (

    select * from {{ ref('stg_geotab__groups') }}

),

connections as (

    select * from {{ ref('stg_geotab__connections') }}

),

reported as (

    select
        contexts.connection,
        contexts.fault_id as row_key,
        md5(cast(json_build_array(
            extract(epoch from faults.recorded_at),
            faults.device_id,
            -- The same before and after it was given another id.
            coalesce(aliases.first_id, faults.diagnostic_id),
            faults.controller_id,
            contexts.driver_id,
            drivers.user_id is not null,
            devices.device_id is not null,
            diagnostics.diagnostic_id is not null
        ) as text)) as content_hash,
        faults.device_id is not null as is_reportable,
        contexts.landed_xid,
        faults.device_id,
        faults.recorded_at as occurred_at,
        devices.name as "DeviceName",
        faults.device_id as "DeviceId",
        faults.device_id as "DeviceIdHex",
        {{ geotab_group_names('devices.connection', 'devices.group_ids') }} as "DeviceGroup",
        {{ report_date('faults.recorded_at', 'connections.time_zone') }} as "Date",
        {{ report_time('faults.recorded_at', 'connections.time_zone') }} as "Time",
        diagnostics.name as "DiagnosticName",
        sources.name as "SourceName",
        controllers.name as "ControllerName",
        diagnostics.code as "DiagnosticCode",
        drivers.key_serial_number as "DriverSerialNumber",
        drivers.employee_number as "DriverEmployeeNumber",
        devices.serial_number as "DeviceSerialNumber"
    from contexts
    inner join faults
        on contexts.connection = faults.connection and contexts.fault_id = faults.fault_id
    left join devices
        on faults.connection = devices.connection and faults.device_id = devices.device_id
    left join drivers
        on contexts.connection = drivers.connection and contexts.driver_id = drivers.user_id
    left join aliases
        on faults.connection = aliases.connection and faults.diagnostic_id = aliases.alias_id
    left join diagnostics
        on faults.connection = diagnostics.connection
        and coalesce(aliases.diagnostic_id, faults.diagnostic_id) = diagnostics.diagnostic_id
    left join sources
        on diagnostics.connection = sources.connection and diagnostics.source_id = sources.reference_id
    left join controllers
        on faults.connection = controllers.connection
        and coalesce(faults.controller_id, diagnostics.controller_id) = controllers.reference_id
    left join connections
        on contexts.connection = connections.connection

)

select * from reported
