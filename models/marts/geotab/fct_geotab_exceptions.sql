with

exceptions as (

    select * from {{ ref('stg_geotab__exceptions') }}
    where deleted_at is null

),

contexts as (

    select * from {{ ref('stg_geotab__exception_contexts') }}

),

rules as (

    select * from {{ ref('stg_geotab__rules') }}

),

facts as (

    select
        exceptions.connection || '/' || exceptions.exception_id as exception_key,
        exceptions.connection || '/' || exceptions.device_id as vehicle_key,
        exceptions.connection || '/' || exceptions.driver_id as driver_key,
        exceptions.connection,
        exceptions.exception_id,
        exceptions.device_id,
        exceptions.driver_id,
        exceptions.rule_id,
        exceptions.diagnostic_id,
        rules.name as rule_name,
        exceptions.state,
        contexts.zone_ids,
        contexts.position_method,
        {{ miles('exceptions.distance_m') }} as distance_mi,
        cast(exceptions.duration_seconds as double precision) as duration_seconds,
        contexts.latitude,
        contexts.longitude,
        contexts.latitude_e5,
        contexts.longitude_e5,
        exceptions.state = 'valid' as is_valid,
        exceptions.is_ended,
        exceptions.is_future,
        exceptions.started_at,
        exceptions.ended_at,
        exceptions.changed_at
    from exceptions
    left join contexts
        on exceptions.connection = contexts.connection and exceptions.exception_id = contexts.exception_id
    left join rules
        on exceptions.connection = rules.connection and exceptions.rule_id = rules.rule_id

)

select * from facts
