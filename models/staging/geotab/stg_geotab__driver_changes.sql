-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    change_id,
    device_id,
    driver_id,
    change_type,
    is_future,
    changed_at,
    landed_xid
from {{ source('base', 'geotab__driver_changes') }}
