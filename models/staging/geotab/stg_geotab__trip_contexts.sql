-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    device_id,
    zone_ids,
    odometer_method,
    engine_method,
    odometer_start_m,
    odometer_gap_seconds,
    engine_start_seconds,
    latitude_e5,
    longitude_e5,
    started_at,
    landed_xid
from {{ source('base', 'geotab__trip_contexts') }}
