with

source as (

    select * from {{ source('base', 'geotab__references') }}

),

renamed as (

    select
        connection,
        entity,
        reference_id,
        {{ text_or_null('name') }} as name,
        code,
        landed_xid
    from source

)

select * from renamed
