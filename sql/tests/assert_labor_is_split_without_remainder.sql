-- Labour with and without a technician comes to the labour of the invoices, per shop.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

performance as (

    select * from {{ ref('v_technician_performance') }}

),

labor_of_invoices as (

    select
        shop_id,
        sum(lines_labor) as labor
    from invoices
    group by shop_id

),

labor_of_technicians as (

    select
        shop_id,
        sum(total_labor_revenue) as labor
    from performance
    group by shop_id

),

labor_of_nobody as (

    select
        shop_id,
        sum(line_total) as labor
    from line_items
    where line_item_type = 'LABOR'
        and technician_key is null
    group by shop_id

),

wrong as (

    select
        labor_of_invoices.shop_id,
        labor_of_invoices.labor as labor_of_invoices,
        labor_of_technicians.labor as labor_of_technicians,
        labor_of_nobody.labor as labor_of_nobody
    from labor_of_invoices
    left join labor_of_technicians
        on labor_of_invoices.shop_id = labor_of_technicians.shop_id
    left join labor_of_nobody
        on labor_of_invoices.shop_id = labor_of_nobody.shop_id
    where labor_of_invoices.labor <> coalesce(labor_of_technicians.labor, 0) + coalesce(labor_of_nobody.labor, 0)

)

select * from wrong
