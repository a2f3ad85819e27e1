with

faults as (

    select * from {{ ref('stg_geotab__faults') }}

),

contexts as (

    select * from {{ ref('stg_geotab__fault_contexts') }}

),

aliases as (

    select * from {{ ref('stg_geotab__diagnostic_aliases') }}

),

diagnostics as (

    select * from {{ ref('stg_geotab__diagnostics') }}

),

facts as (

    select
        faults.connection || '/' || faults.fault_id as fault_key,
        faults.connection || '/' || faults.device_id as vehicle_key,
        contexts.connection || '/' || contexts.driver_id as driver_key,
        faults.connection,
        faults.fault_id,
        faults.device_id,
        contexts.driver_id,
        coalesce(aliases.diagnostic_id, faults.diagnostic_id) as diagnostic_id,
        faults.controller_id,
        faults.failure_mode_id,
        diagnostics.name as diagnostic_name,
        contexts.driver_method,
        faults.fault_state,
        faults.effective_status,
        faults.severity,
        diagnostics.code as diagnostic_code,
        faults.source_address,
        faults.occurrences,
        faults.is_malfunction_lamp_on,
        faults.is_red_stop_lamp_on,
        faults.is_amber_warning_lamp_on,
        faults.is_protect_warning_lamp_on,
        faults.is_future,
        faults.recorded_at,
        faults.dismissed_at,
        faults.changed_at
    from faults
    left join contexts
        on faults.connection = contexts.connection and faults.fault_id = contexts.fault_id
    left join aliases
        on faults.connection = aliases.connection and faults.diagnostic_id = aliases.alias_id
    left join diagnostics
        on faults.connection = diagnostics.connection
        and coalesce(aliases.diagnostic_id, faults.diagnostic_id) = diagnostics.diagnostic_id

)

select * from facts
