with

source as (

    select * from {{ source('ops', 'pages') }}

),

renamed as (

    select
        page_id,
        run_id,
        connection,
        feed,
        fetched,
        landed,
        unchanged,
        quarantined,
        skipped,
        landed_at
    from source
    where feed like 'geotab.%'

)

select * from renamed
