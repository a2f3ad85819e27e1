{{
    config(
        materialized='incremental',
        unique_key=['connection', 'device_id', 'activity_date'],
        meta={'milepost': {'publish': 'geotab', 'increment': 'arrival'}},
        indexes=[
            {'columns': ['connection', 'device_id', 'activity_date'], 'unique': True},
            {'columns': ['activity_date']},
            {'columns': ['connection', 'time_zone']},
            {'columns': ['exception_ids'], 'type': 'gin'},
            {'columns': ['fault_ids'], 'type': 'gin'},
        ],
    )
}}

{%- set engine_readings = geotab_diagnostic_ids(['DiagnosticEngineHoursAdjustmentId', 'DiagnosticEngineHoursId']) %}

-- A day is made anew, from all of its records, when one of them has arrived. Each relation is imported once for what
-- arrived and once for the days, so that both go through indexes.
with

connections as (

    select * from {{ ref('stg_geotab__connections') }}

),

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where not is_withdrawn

),

exceptions as (

    select * from {{ ref('stg_geotab__exceptions') }}
    where deleted_at is null and state = 'valid'

),

faults as (

    select * from {{ ref('stg_geotab__faults') }}

),

aliases as (

    select * from {{ ref('stg_geotab__diagnostic_aliases') }}

),

readings as (

    select * from {{ ref('stg_geotab__status_data') }}
    where diagnostic_id = {{ engine_readings }} and not is_future

),

arrived as (

    select
        connection,
        device_id,
        started_at as happened_at
    from {{ ref('stg_geotab__trips') }}
    where {{ arrived_since_last_success('landed_xid') }}
    union all
    select
        connection,
        device_id,
        started_at as happened_at
    from {{ ref('stg_geotab__exceptions') }}
    where device_id is not null and {{ arrived_since_last_success('landed_xid') }}
    union all
    select
        connection,
        device_id,
        recorded_at as happened_at
    from {{ ref('stg_geotab__faults') }}
    where device_id is not null and {{ arrived_since_last_success('landed_xid') }}
    union all
    select
        connection,
        device_id,
        recorded_at as happened_at
    from {{ ref('stg_geotab__status_data') }}
    where diagnostic_id = {{ engine_readings }}
        and not is_future
        and {{ arrived_since_last_success('landed_xid') }}

),

days as (

    select
        arrived.connection,
        arrived.device_id,
        cast(arrived.happened_at at time zone coalesce(connections.time_zone, 'UTC') as date) as activity_date
    from arrived
    left join connections
        on arrived.connection = connections.connection
    {%- if is_incremental() %}
    -- Days that an event or fault was counted on and may have left. One that is new cannot have; asked for one by one,
    -- because arrays of many ids are slow to compare.
    {%- for relation, id, ids in [
        ('stg_geotab__exceptions', 'exception_id', 'exception_ids'),
        ('stg_geotab__faults', 'fault_id', 'fault_ids'),
    ] %}
    union
    select
        counted.connection,
        counted.device_id,
        counted.activity_date
    from {{ ref(relation) }} as moved
    inner join {{ this }} as counted
        on moved.connection = counted.connection and counted.{{ ids }} @> array[moved.{{ id }}]
    where moved.changed_at > moved.first_landed_at and {{ arrived_since_last_success('moved.landed_xid') }}
    {%- endfor %}
    -- Another time zone in the configuration shifts the records of every day.
    union
    select
        counted.connection,
        counted.device_id,
        counted.activity_date + shift.days as activity_date
    from connections
    -- Not `<>`, which no index serves.
    inner join {{ this }} as counted
        on connections.connection = counted.connection
        and (counted.time_zone < connections.time_zone or counted.time_zone > connections.time_zone)
    cross join (values (-1), (0), (1)) as shift (days)
    {%- else %}
    group by 1, 2, 3
    {%- endif %}

),

-- Wider than the day by what a clock may be put back at midnight; the date itself decides.
spans as (

    select
        days.connection,
        days.device_id,
        coalesce(connections.time_zone, 'UTC') as time_zone,
        days.activity_date,
        cast(days.activity_date as timestamp) at time zone coalesce(connections.time_zone, 'UTC')
        - interval '3 hours' as begins_at,
        cast(days.activity_date + 1 as timestamp) at time zone coalesce(connections.time_zone, 'UTC')
        + interval '3 hours' as ends_at
    from days
    left join connections
        on days.connection = connections.connection

),

measured as (

    select
        spans.connection,
        spans.device_id,
        spans.time_zone,
        coalesce(by_exception.exception_ids, '{}') as exception_ids,
        coalesce(by_fault.fault_ids, '{}') as fault_ids,
        by_trip.trips,
        by_exception.exceptions,
        by_fault.faults,
        by_trip.distance_mi,
        by_trip.driving_seconds,
        by_trip.idling_seconds,
        by_trip.stop_seconds,
        by_reading.engine_hours,
        spans.activity_date,
        by_trip.first_start_at,
        by_trip.last_stop_at
    from spans
    cross join lateral (
        select
            cast(count(*) as integer) as trips,
            {{ miles('sum(trips.distance_m)') }} as distance_mi,
            cast(sum(trips.driving_seconds) as double precision) as driving_seconds,
            cast(sum(trips.idling_seconds) as double precision) as idling_seconds,
            cast(sum(trips.stop_seconds) as double precision) as stop_seconds,
            min(trips.started_at) as first_start_at,
            max(trips.stopped_at) as last_stop_at
        from trips
        where trips.connection = spans.connection
            and trips.device_id = spans.device_id
            and trips.started_at >= spans.begins_at
            and trips.started_at < spans.ends_at
            and cast(trips.started_at at time zone spans.time_zone as date) = spans.activity_date
    ) as by_trip
    cross join lateral (
        select
            -- Processed again under another id, an event is still one.
            cast(count(distinct (exceptions.rule_id, exceptions.started_at)) as integer) as exceptions,
            array_agg(exceptions.exception_id order by exceptions.exception_id) as exception_ids
        from exceptions
        where exceptions.connection = spans.connection
            and exceptions.device_id = spans.device_id
            and exceptions.started_at >= spans.begins_at
            and exceptions.started_at < spans.ends_at
            and cast(exceptions.started_at at time zone spans.time_zone as date) = spans.activity_date
    ) as by_exception
    cross join lateral (
        select
            cast(count(*) as integer) as faults,
            array_agg(faults.fault_id order by faults.fault_id) as fault_ids
        from faults
        where faults.connection = spans.connection
            and faults.device_id = spans.device_id
            and faults.recorded_at >= spans.begins_at
            and faults.recorded_at < spans.ends_at
            and cast(faults.recorded_at at time zone spans.time_zone as date) = spans.activity_date
    ) as by_fault
    cross join lateral (
        select
            {{ engine_hours('(array_agg(increases.seconds order by increases.diagnostic_id))[1]') }} as engine_hours
        from (
            select
                coalesce(aliases.diagnostic_id, readings.diagnostic_id) as diagnostic_id,
                (array_agg(readings.value order by readings.recorded_at desc, readings.record_id desc))[1]
                - (array_agg(readings.value order by readings.recorded_at, readings.record_id))[1] as seconds
            from readings
            left join aliases
                on readings.connection = aliases.connection and readings.diagnostic_id = aliases.alias_id
            where readings.connection = spans.connection
                and readings.device_id = spans.device_id
                and readings.recorded_at >= spans.begins_at
                and readings.recorded_at < spans.ends_at
                and cast(readings.recorded_at at time zone spans.time_zone as date) = spans.activity_date
            group by coalesce(aliases.diagnostic_id, readings.diagnostic_id)
            having count(*) > 1
        ) as increases
        where increases.seconds >= 0
    ) as by_reading

)

select * from measured
