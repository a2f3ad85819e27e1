with

source as (

    select * from {{ source('ops', 'steps') }}

),

renamed as (

    select
        run_id,
        connection as shop_id,
        status,
        error_code,
        error_message,
        fetched,
        landed,
        unchanged,
        quarantined,
        started_at,
        finished_at
    from source
    where feed = 'fullbay.invoices' and kind = 'extract'

)

select * from renamed
