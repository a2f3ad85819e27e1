-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    {{ text_or_null('address') }} as address,
    status,
    attempts,
    latitude_e5,
    longitude_e5,
    wanted_at,
    asked_at,
    landed_xid
from {{ source('base', 'geotab__addresses') }}
