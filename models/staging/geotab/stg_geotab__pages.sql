-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    page_id,
    run_id,
    connection,
    feed,
    fetched,
    landed,
    unchanged,
    quarantined,
    skipped,
    landed_at
from {{ source('ops', 'pages') }}
where feed like 'geotab.%'
