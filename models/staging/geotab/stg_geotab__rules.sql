-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    rule_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('comment') }} as comment,
    base_type,
    active_from,
    -- What a full read no longer found is active no longer.
    least(active_to, removed_at) as active_to,
    removed_at,
    landed_xid
from {{ source('base', 'geotab__rules') }}
