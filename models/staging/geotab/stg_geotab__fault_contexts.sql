-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    fault_id,
    driver_id,
    driver_method,
    landed_xid
from {{ source('base', 'geotab__fault_contexts') }}
