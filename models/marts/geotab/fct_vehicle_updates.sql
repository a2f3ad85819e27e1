with

updates as (

    select * from {{ ref('stg_geotab__device_updates') }}

),

devices as (

    select * from {{ ref('stg_geotab__devices') }}

),

readings as (

    select
        connection,
        updated_at
    from {{ ref('stg_geotab__cursors') }}
    where feed = 'geotab.devices'

),

changes as (

    select
        updates.update_id,
        updates.plan_id,
        updates.connection,
        updates.device_id,
        changed.field,
        updates.file_path,
        updates.file_sha256,
        updates.outcome,
        updates.file_line,
        updates.attempts,
        updates.ended_at,
        updates.settled_at,
        -- Groups are a set: their order tells nothing.
        case
            when changed.field = 'groups' then (
                select string_agg(g.id, '|' order by g.id) from jsonb_array_elements_text(updates.before -> 'groups') as g (id)
            )
            else updates.before ->> changed.field
        end as old_value,
        case
            when changed.field = 'groups' then (
                select string_agg(g.id, '|' order by g.id) from jsonb_array_elements_text(updates.after -> 'groups') as g (id)
            )
            else updates.after ->> changed.field
        end as new_value,
        case
            when changed.field = 'name' then devices.name
            when changed.field = 'vin' then devices.vin
            else (select string_agg(g.id, '|' order by g.id) from unnest(devices.group_ids) as g (id))
        end as current_value,
        readings.updated_at as devices_read_at,
        updates.update_id = max(updates.update_id) over (
            partition by updates.connection, updates.device_id, changed.field
        ) as is_newest
    from updates
    cross join lateral unnest(updates.fields) as changed (field)
    left join devices
        on updates.connection = devices.connection and updates.device_id = devices.device_id
    left join readings
        on updates.connection = readings.connection
    where updates.outcome in ('applied', 'failed')

),

facts as (

    select
        update_id || '/' || field as update_key,
        connection || '/' || device_id as vehicle_key,
        connection,
        device_id,
        plan_id,
        update_id,
        field,
        old_value,
        new_value,
        current_value,
        file_path,
        file_sha256,
        outcome,
        case
            when outcome <> 'applied' then 'not_applied'
            when current_value is not distinct from new_value then 'held'
            when devices_read_at > settled_at then 'changed_since'
            else 'not_read_yet'
        end as status,
        file_line,
        attempts,
        is_newest,
        ended_at as changed_at,
        devices_read_at
    from changes

)

select * from facts
