with

source as (

    select * from {{ source('base', 'geotab__diagnostics') }}

),

renamed as (

    select
        connection,
        diagnostic_id,
        source_id,
        controller_id,
        unit_of_measure_id,
        {{ text_or_null('name') }} as name,
        diagnostic_type,
        code,
        landed_xid
    from source

)

select * from renamed
