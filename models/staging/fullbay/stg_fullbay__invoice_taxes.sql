with

source as (

    select * from {{ source('base', 'fullbay__invoice_taxes') }}

),

renamed as (

    select
        shop_id || '/' || fullbay_invoice_id || '/' || tax_no as invoice_tax_key,
        shop_id || '/' || fullbay_invoice_id as invoice_key,
        shop_id,
        fullbay_invoice_id,
        tax_no,
        tax_title,
        tax_rate,
        tax_total
    from source

)

select * from renamed
