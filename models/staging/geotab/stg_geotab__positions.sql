-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    device_id,
    record_id,
    latitude,
    longitude,
    speed_kmh,
    is_future,
    recorded_at,
    landed_xid
from {{ source('base', 'geotab__positions') }}
