with

source as (

    select * from {{ source('ops', 'quarantine') }}

),

renamed as (

    select
        quarantine_id,
        connection as shop_id,
        record_key as fullbay_invoice_id,
        run_id,
        stage,
        code,
        path,
        message,
        state,
        content_hash,
        raw_version,
        attempts,
        payload,
        first_seen_at,
        last_seen_at,
        resolved_at
    from source
    where feed = 'fullbay.invoices'

)

select * from renamed
