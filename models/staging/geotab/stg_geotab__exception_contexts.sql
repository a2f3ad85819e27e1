-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    exception_id,
    position_method,
    zone_ids,
    latitude,
    longitude,
    position_gap_seconds,
    latitude_e5,
    longitude_e5,
    landed_xid
from {{ source('base', 'geotab__exception_contexts') }}
