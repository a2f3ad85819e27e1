with

source as (

    select * from {{ source('base', 'fullbay__invoice_warnings') }}

),

renamed as (

    select
        shop_id || '/' || fullbay_invoice_id || '/' || warning_no as invoice_warning_key,
        shop_id || '/' || fullbay_invoice_id as invoice_key,
        shop_id,
        fullbay_invoice_id,
        warning_no,
        code,
        path,
        value,
        message
    from source

)

select * from renamed
