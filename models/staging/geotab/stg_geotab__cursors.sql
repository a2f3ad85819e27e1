with

source as (

    select * from {{ source('ops', 'cursors') }}

),

renamed as (

    select
        connection,
        feed,
        run_id,
        updated_at
    from source
    where feed like 'geotab.%'

)

select * from renamed
