-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    device_id,
    latitude,
    longitude,
    recorded_at,
    landed_xid
from {{ source('base', 'geotab__latest_positions') }}
