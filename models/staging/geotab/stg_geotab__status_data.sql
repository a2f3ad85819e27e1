with

source as (

    select * from {{ source('base', 'geotab__status_data') }}

),

renamed as (

    select
        connection,
        device_id,
        diagnostic_id,
        record_id,
        value,
        is_future,
        recorded_at,
        landed_xid
    from source

)

select * from renamed
