-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    exception_id,
    device_id,
    driver_id,
    rule_id,
    diagnostic_id,
    material_hash,
    state,
    distance_m,
    duration_seconds,
    is_ended,
    is_future,
    started_at,
    ended_at,
    deleted_at,
    source_modified_at,
    first_landed_at,
    changed_at,
    landed_xid
from {{ source('base', 'geotab__exceptions') }}
