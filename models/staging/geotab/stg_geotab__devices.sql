-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    device_id,
    work_time_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('serial_number') }} as serial_number,
    {{ text_or_null('device_type') }} as device_type,
    {{ text_or_null('vin') }} as vin,
    {{ text_or_null('engine_vin') }} as engine_vin,
    {{ text_or_null('license_plate') }} as license_plate,
    {{ text_or_null('license_state') }} as license_state,
    {{ text_or_null('comment') }} as comment,
    time_zone,
    group_ids,
    device_plans,
    active_from,
    -- What a full read no longer found is active no longer.
    least(active_to, removed_at) as active_to,
    removed_at,
    landed_xid
from {{ source('base', 'geotab__devices') }}
