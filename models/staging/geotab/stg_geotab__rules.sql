with

source as (

    select * from {{ source('base', 'geotab__rules') }}

),

renamed as (

    select
        connection,
        rule_id,
        {{ text_or_null('name') }} as name,
        {{ text_or_null('comment') }} as comment,
        base_type,
        active_from,
        active_to,
        landed_xid
    from source

)

select * from renamed
