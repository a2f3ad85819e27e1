with

source as (

    select * from {{ source('base', 'geotab__latest_status') }}

),

renamed as (

    select
        connection,
        device_id,
        diagnostic_id,
        value,
        recorded_at,
        landed_xid
    from source

)

select * from renamed
