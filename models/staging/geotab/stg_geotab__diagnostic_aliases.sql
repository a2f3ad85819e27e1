-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    alias_id,
    diagnostic_id,
    first_id,
    noticed_by,
    noticed_at,
    landed_xid
from {{ source('base', 'geotab__diagnostic_aliases') }}
