with

source as (

    select * from {{ source('base', 'fullbay__invoice_changes') }}

),

renamed as (

    select
        shop_id || '/' || fullbay_invoice_id || '/' || to_version as invoice_change_key,
        shop_id || '/' || fullbay_invoice_id as invoice_key,
        shop_id,
        fullbay_invoice_id,
        run_id,
        from_version,
        to_version,
        old_total,
        new_total,
        old_line_count,
        new_line_count,
        changed_at
    from source

)

select * from renamed
