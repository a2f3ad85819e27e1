with

source as (

    select * from {{ source('base', 'geotab__driver_changes') }}

),

renamed as (

    select
        connection,
        change_id,
        device_id,
        driver_id,
        change_type,
        is_future,
        changed_at,
        landed_xid
    from source

)

select * from renamed
