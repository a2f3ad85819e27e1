with

source as (

    select * from {{ source('base', 'geotab__addresses') }}

),

renamed as (

    select
        connection,
        {{ text_or_null('address') }} as address,
        status,
        attempts,
        latitude_e5,
        longitude_e5,
        wanted_at,
        asked_at,
        landed_xid
    from source

)

select * from renamed
