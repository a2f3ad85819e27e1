with

source as (

    select * from {{ source('raw', 'fullbay__invoices') }}

),

renamed as (

    select
        id as raw_data_id,
        connection as shop_id,
        record_key as fullbay_invoice_id,
        run_id,
        content_hash as payload_hash,
        version as raw_version,
        is_current,
        window_start,
        window_end,
        first_seen_at,
        payload
    from source

)

select * from renamed
