-- What changed within the last two hours may still wait for its surroundings.
{{ config(severity='warn') }}

with

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where started_at > current_timestamp - interval '26 hours' and changed_at < current_timestamp - interval '2 hours'

),

contexts as (

    select * from {{ ref('stg_geotab__trip_contexts') }}
    where started_at > current_timestamp - interval '26 hours'

),

exceptions as (

    select * from {{ ref('stg_geotab__exceptions') }}
    where started_at > current_timestamp - interval '26 hours' and changed_at < current_timestamp - interval '2 hours'

),

exception_contexts as (

    select * from {{ ref('stg_geotab__exception_contexts') }}

),

faults as (

    select * from {{ ref('stg_geotab__faults') }}
    where recorded_at > current_timestamp - interval '26 hours' and changed_at < current_timestamp - interval '2 hours'

),

fault_contexts as (

    select * from {{ ref('stg_geotab__fault_contexts') }}

),

wrong as (

    select
        'trip' as fact,
        trips.connection,
        trips.trip_id as fact_id
    from trips
    where not exists (
        select from contexts
        where contexts.connection = trips.connection
            and contexts.device_id = trips.device_id
            and contexts.started_at = trips.started_at
    )
    union all
    select
        'exception' as fact,
        exceptions.connection,
        exceptions.exception_id as fact_id
    from exceptions
    where not exists (
        select from exception_contexts
        where exception_contexts.connection = exceptions.connection
            and exception_contexts.exception_id = exceptions.exception_id
    )
    union all
    select
        'fault' as fact,
        faults.connection,
        faults.fault_id as fact_id
    from faults
    where not exists (
        select from fault_contexts
        where fault_contexts.connection = faults.connection
            and fault_contexts.fault_id = faults.fault_id
    )

)

select * from wrong
