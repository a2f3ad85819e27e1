with

source as (

    select * from {{ source('ops', 'cursors') }}

),

renamed as (

    select
        connection as shop_id,
        run_id,
        cast(value ->> 'complete_through' as date) as complete_through,
        updated_at
    from source
    where feed = 'fullbay.invoices'

)

select * from renamed
