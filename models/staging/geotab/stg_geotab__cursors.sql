-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    feed,
    run_id,
    updated_at
from {{ source('ops', 'cursors') }}
where feed like 'geotab.%'
