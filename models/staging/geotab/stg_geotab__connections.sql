-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    name,
    time_zone,
    is_sandbox,
    is_active,
    updated_at
from {{ source('ops', 'connections') }}
where source = 'geotab'
