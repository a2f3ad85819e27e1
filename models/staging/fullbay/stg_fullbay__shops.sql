with

source as (

    select * from {{ source('ops', 'connections') }}

),

renamed as (

    select
        connection as shop_id,
        name as shop_name,
        time_zone,
        is_sandbox,
        is_active,
        updated_at
    from source
    where source = 'fullbay'

)

select * from renamed
