-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    group_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('comment') }} as comment,
    {{ text_or_null('reference') }} as reference,
    child_ids,
    ancestor_ids,
    paths,
    depth,
    landed_xid
from {{ source('base', 'geotab__groups') }}
