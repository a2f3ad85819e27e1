with

source as (

    select * from {{ source('base', 'geotab__positions') }}

),

renamed as (

    select
        connection,
        device_id,
        record_id,
        latitude,
        longitude,
        speed_kmh,
        is_future,
        recorded_at,
        landed_xid
    from source

)

select * from renamed
