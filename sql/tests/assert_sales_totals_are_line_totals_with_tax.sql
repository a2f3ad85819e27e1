with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

wrong as (

    select
        line_item_key,
        line_total,
        line_tax,
        sales_total
    from line_items
    where sales_total is distinct from line_total + coalesce(line_tax, 0)

)

select * from wrong
