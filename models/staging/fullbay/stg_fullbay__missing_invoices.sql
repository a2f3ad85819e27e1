with

source as (

    select * from {{ source('raw', 'fullbay__missing_invoices') }}

),

renamed as (

    select
        connection || '/' || record_key as invoice_key,
        connection as shop_id,
        record_key as fullbay_invoice_id,
        run_id,
        missing_since
    from source

)

select * from renamed
