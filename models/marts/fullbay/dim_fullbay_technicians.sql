{{
    config(
        indexes=[
            {'columns': ['technician_key'], 'unique': True},
        ],
    )
}}

with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

assignments as (

    select * from line_items
    where technician_key is not null

),

latest as (

    select distinct on (technician_key)
        technician_key,
        shop_id,
        assigned_technician,
        assigned_technician_number
    from assignments
    order by technician_key, assigned_technician is null, invoice_date desc, fullbay_invoice_id desc, line_no

),

dated as (

    select
        technician_key,
        min(invoice_date) as first_work_date,
        max(invoice_date) as last_work_date
    from assignments
    group by technician_key

),

technicians as (

    select
        latest.technician_key,
        latest.shop_id,
        latest.assigned_technician,
        latest.assigned_technician_number,
        dated.first_work_date,
        dated.last_work_date
    from latest
    inner join dated
        on latest.technician_key = dated.technician_key

)

select * from technicians
