-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    diagnostic_id,
    source_id,
    controller_id,
    unit_of_measure_id,
    {{ text_or_null('name') }} as name,
    diagnostic_type,
    code,
    landed_xid
from {{ source('base', 'geotab__diagnostics') }}
