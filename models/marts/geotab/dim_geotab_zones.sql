{{
    config(
        materialized='table',
        indexes=[
            {'columns': ['zone_key'], 'unique': True},
        ],
    )
}}

with

source_zones as (

    select * from {{ ref('stg_geotab__zones') }}

),

zones as (

    select
        connection || '/' || zone_id as zone_key,
        connection,
        zone_id,
        name,
        comment,
        external_reference,
        zone_types,
        group_ids,
        invalid_reason,
        area,
        deleted_at is null
        and coalesce(active_from <= current_timestamp, true)
        and coalesce(active_to > current_timestamp, true) as is_active,
        active_from,
        active_to,
        deleted_at
    from source_zones

)

select * from zones
