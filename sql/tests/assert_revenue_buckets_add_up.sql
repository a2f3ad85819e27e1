-- parts + labor + freight + supplies + misc + other = total, in every view that shows them.
with

shown as (

    select
        'v_invoice_summary' as view_name,
        invoice_key as row_key,
        parts_total + labor_total + revenue_freight + revenue_supplies + revenue_misc + revenue_other as buckets,
        revenue_total as total
    from {{ ref('v_invoice_summary') }}

    union all

    select
        'v_customer_analysis' as view_name,
        customer_key as row_key,
        total_parts_revenue + total_labor_revenue + revenue_freight + revenue_supplies + revenue_misc + revenue_other
            as buckets,
        total_revenue as total
    from {{ ref('v_customer_analysis') }}

    union all

    select
        'v_fleet_analysis' as view_name,
        vehicle_key as row_key,
        total_parts_cost + total_labor_cost + revenue_freight + revenue_supplies + revenue_misc + revenue_other
            as buckets,
        total_service_cost as total
    from {{ ref('v_fleet_analysis') }}

    union all

    select
        'v_daily_summary' as view_name,
        shop_id || '/' || invoice_date as row_key,
        revenue_parts + revenue_labor + revenue_freight + revenue_supplies + revenue_misc + revenue_other as buckets,
        revenue_total as total
    from {{ ref('v_daily_summary') }}

    union all

    select
        'v_monthly_summary' as view_name,
        shop_id || '/' || month_start as row_key,
        revenue_parts + revenue_labor + revenue_freight + revenue_supplies + revenue_misc + revenue_other as buckets,
        revenue_total as total
    from {{ ref('v_monthly_summary') }}

),

wrong as (

    select * from shown
    where buckets is distinct from total

)

select * from wrong
