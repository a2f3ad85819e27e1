-- The days of yesterday and today; not those that a trip has changed on since the build may have begun.
with

connections as (

    select * from {{ ref('stg_geotab__connections') }}

),

trips as (

    select * from {{ ref('stg_geotab__trips') }}
    where started_at > current_timestamp - interval '50 hours'

),

days as (

    select * from {{ ref('int_geotab_vehicle_days') }}
    where activity_date > current_date - 3

),

added as (

    select
        trips.connection,
        trips.device_id,
        cast(trips.started_at at time zone connections.time_zone as date) as activity_date,
        count(*) filter (where not trips.is_withdrawn) as trips,
        sum(trips.driving_seconds) filter (where not trips.is_withdrawn) as driving_seconds
    from trips
    inner join connections
        on trips.connection = connections.connection
    where cast(trips.started_at at time zone connections.time_zone as date)
        >= cast(current_timestamp at time zone connections.time_zone as date) - 1
    group by 1, 2, 3
    having max(trips.changed_at) < current_timestamp - interval '1 hour'

),

wrong as (

    select
        added.*,
        days.trips as counted_trips,
        days.driving_seconds as counted_driving_seconds
    from added
    left join days
        on added.connection = days.connection
        and added.device_id = days.device_id
        and added.activity_date = days.activity_date
    where days.trips is distinct from added.trips
        or abs(coalesce(days.driving_seconds, 0) - coalesce(added.driving_seconds, 0)) > 0.001

)

select * from wrong
