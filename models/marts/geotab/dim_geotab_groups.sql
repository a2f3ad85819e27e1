{{
    config(
        materialized='table',
        indexes=[
            {'columns': ['group_key'], 'unique': True},
        ],
    )
}}

with

source_groups as (

    select * from {{ ref('stg_geotab__groups') }}

),

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

members as (

    select
        devices.connection,
        listed.group_id,
        count(distinct devices.device_id) as vehicles
    from devices
    cross join lateral unnest(devices.group_ids) as listed (group_id)
    group by devices.connection, listed.group_id

),

groups as (

    select
        source_groups.connection || '/' || source_groups.group_id as group_key,
        source_groups.connection,
        source_groups.group_id,
        source_groups.name,
        source_groups.comment,
        source_groups.reference,
        source_groups.paths,
        source_groups.ancestor_ids,
        source_groups.child_ids,
        source_groups.depth,
        coalesce(members.vehicles, 0) as vehicles
    from source_groups
    left join members
        on source_groups.connection = members.connection and source_groups.group_id = members.group_id

)

select * from groups
