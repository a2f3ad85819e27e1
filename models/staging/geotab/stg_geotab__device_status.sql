-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    device_id,
    driver_id,
    zone_ids,
    latitude,
    longitude,
    speed_kmh,
    bearing_degrees,
    state_seconds,
    latitude_e5,
    longitude_e5,
    is_driving,
    is_communicating,
    is_historic_last_driver,
    is_future,
    recorded_at,
    landed_xid
from {{ source('base', 'geotab__device_status') }}
