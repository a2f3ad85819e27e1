with

source as (

    select * from {{ source('base', 'geotab__fault_contexts') }}

),

renamed as (

    select
        connection,
        fault_id,
        driver_id,
        driver_method,
        landed_xid
    from source

)

select * from renamed
