-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    zone_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('comment') }} as comment,
    {{ text_or_null('external_reference') }} as external_reference,
    zone_types,
    group_ids,
    {{ text_or_null('invalid_reason') }} as invalid_reason,
    ring,
    area,
    is_displayed,
    active_from,
    active_to,
    -- What a full read no longer found is deleted, whether or not the source ever says so.
    least(deleted_at, removed_at) as deleted_at,
    landed_xid
from {{ source('base', 'geotab__zones') }}
