-- Without `with`: Postgres merges such a view into what reads it, and keeps one with `with` apart.
select
    connection,
    user_id,
    {{ text_or_null('name') }} as name,
    {{ text_or_null('first_name') }} as first_name,
    {{ text_or_null('last_name') }} as last_name,
    {{ text_or_null('employee_number') }} as employee_number,
    {{ text_or_null('key_serial_number') }} as key_serial_number,
    is_driver,
    active_from,
    -- What a full read no longer found is active no longer.
    least(active_to, removed_at) as active_to,
    removed_at,
    landed_xid
from {{ source('base', 'geotab__users') }}
