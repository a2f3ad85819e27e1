-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    entity,
    reference_id,
    {{ text_or_null('name') }} as name,
    code,
    landed_xid
from {{ source('base', 'geotab__references') }}
