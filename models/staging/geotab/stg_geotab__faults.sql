with

source as (

    select * from {{ source('base', 'geotab__faults') }}

),

renamed as (

    select
        connection,
        fault_id,
        device_id,
        diagnostic_id,
        controller_id,
        failure_mode_id,
        material_hash,
        fault_state,
        effective_status,
        severity,
        occurrences,
        source_address,
        is_malfunction_lamp_on,
        is_red_stop_lamp_on,
        is_amber_warning_lamp_on,
        is_protect_warning_lamp_on,
        is_future,
        recorded_at,
        dismissed_at,
        changed_at,
        landed_xid
    from source

)

select * from renamed
