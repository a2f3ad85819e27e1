with

source as (

    select * from {{ source('ops', 'pages') }}

),

renamed as (

    select
        page_id,
        run_id,
        connection as shop_id,
        record_keys as fullbay_invoice_ids,
        page,
        fetched,
        landed,
        unchanged,
        quarantined,
        window_start,
        window_end,
        landed_at
    from source
    where feed = 'fullbay.invoices'

)

select * from renamed
