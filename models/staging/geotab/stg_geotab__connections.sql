with

source as (

    select * from {{ source('ops', 'connections') }}

),

renamed as (

    select
        connection,
        name,
        time_zone,
        is_sandbox,
        is_active,
        updated_at
    from source
    where source = 'geotab'

)

select * from renamed
