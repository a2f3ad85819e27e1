-- No invoice or line is lost or counted twice on its way into a view: each comes to the same money per shop.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

invoice_money as (

    select
        shop_id,
        sum(revenue_total) as everything,
        sum(revenue_total) filter (where customer_key is not null) as of_customers,
        sum(revenue_total) filter (where vehicle_key is not null) as of_vehicles
    from invoices
    group by shop_id

),

line_money as (

    select
        shop_id,
        sum(line_total) filter (where line_item_type in ('PART', 'SUPPLY', 'FREIGHT', 'LABOR')) as of_services,
        sum(line_total) filter (where line_item_type in ('PART', 'SUPPLY') and part_key is not null) as of_parts,
        sum(line_total) filter (where line_item_type = 'LABOR' and technician_key is not null) as of_technicians
    from line_items
    group by shop_id

),

expected as (

    select 'v_invoice_summary' as view_name, shop_id, everything as money from invoice_money
    union all
    select 'v_daily_summary', shop_id, everything from invoice_money
    union all
    select 'v_monthly_summary', shop_id, everything from invoice_money
    union all
    select 'v_customer_analysis', shop_id, of_customers from invoice_money
    union all
    select 'v_fleet_analysis', shop_id, of_vehicles from invoice_money
    union all
    select 'v_service_mix', shop_id, of_services from line_money
    union all
    select 'v_parts_analysis', shop_id, of_parts from line_money
    union all
    select 'v_labor_efficiency', shop_id, of_technicians from line_money

),

shown as (

    select 'v_invoice_summary' as view_name, shop_id, sum(revenue_total) as money
    from {{ ref('v_invoice_summary') }}
    group by shop_id
    union all
    select 'v_daily_summary', shop_id, sum(revenue_total)
    from {{ ref('v_daily_summary') }}
    group by shop_id
    union all
    select 'v_monthly_summary', shop_id, sum(revenue_total)
    from {{ ref('v_monthly_summary') }}
    group by shop_id
    union all
    select 'v_customer_analysis', shop_id, sum(total_revenue)
    from {{ ref('v_customer_analysis') }}
    group by shop_id
    union all
    select 'v_fleet_analysis', shop_id, sum(total_service_cost)
    from {{ ref('v_fleet_analysis') }}
    group by shop_id
    union all
    select 'v_service_mix', shop_id, sum(revenue_total)
    from {{ ref('v_service_mix') }}
    group by shop_id
    union all
    select 'v_parts_analysis', shop_id, sum(total_revenue)
    from {{ ref('v_parts_analysis') }}
    group by shop_id
    union all
    select 'v_labor_efficiency', shop_id, sum(labor_revenue)
    from {{ ref('v_labor_efficiency') }}
    group by shop_id

),

wrong as (

    select
        expected.view_name,
        expected.shop_id,
        expected.money as expected_money,
        shown.money as shown_money
    from expected
    full join shown
        on expected.view_name = shown.view_name
        and expected.shop_id = shown.shop_id
    where coalesce(expected.money, 0) <> coalesce(shown.money, 0)

)

select * from wrong
