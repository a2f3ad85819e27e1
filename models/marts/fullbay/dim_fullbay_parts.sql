{{
    config(
        indexes=[
            {'columns': ['part_key'], 'unique': True},
        ],
    )
}}

with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

part_lines as (

    select * from line_items
    where part_key is not null

),

-- The newest use of a part says what the part is called now.
latest as (

    select distinct on (part_key)
        part_key,
        shop_id,
        shop_part_number,
        vendor_part_number,
        part_description,
        part_category
    from part_lines
    order by part_key, part_description is null, invoice_date desc, invoice_key desc, line_no desc

),

dated as (

    select
        part_key,
        min(invoice_date) as first_used_date,
        max(invoice_date) as last_used_date
    from part_lines
    group by part_key

),

parts as (

    select
        latest.part_key,
        latest.shop_id,
        latest.shop_part_number,
        latest.vendor_part_number,
        latest.part_description,
        latest.part_category,
        dated.first_used_date,
        dated.last_used_date
    from latest
    inner join dated
        on latest.part_key = dated.part_key

)

select * from parts
