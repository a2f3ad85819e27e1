with

source as (

    select * from {{ source('base', 'geotab__latest_positions') }}

),

renamed as (

    select
        connection,
        device_id,
        latitude,
        longitude,
        recorded_at,
        landed_xid
    from source

)

select * from renamed
