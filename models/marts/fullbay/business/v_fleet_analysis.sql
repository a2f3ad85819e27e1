{{ config(meta={'milepost': {'clock': 'quarter_hour'}}) }}

with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

vehicles as (

    select * from {{ ref('dim_fullbay_vehicles') }}

),

shops as (

    select * from {{ ref('dim_fullbay_shops') }}

),

shop_days as (

    select
        shop_id,
        {{ as_of_date('time_zone') }} as as_of_date
    from shops

),

services as (

    select
        invoices.*,
        invoices.invoice_date between shop_days.as_of_date - 90 and shop_days.as_of_date as is_of_last_90_days
    from invoices
    inner join shop_days
        on invoices.shop_id = shop_days.shop_id
    where invoices.vehicle_key is not null

),

serviced as (

    select
        vehicle_key,
        count(*) as total_invoices,
        count(distinct so_number) as total_repair_orders,
        min(invoice_date) as first_service_date,
        max(invoice_date) as last_service_date,
        sum(line_count) as total_line_items,
        count(*) filter (where is_of_last_90_days) as services_last_90_days,
        coalesce(sum(revenue_total) filter (where is_of_last_90_days), 0) as cost_last_90_days,
        {{ sum_columns([
            'revenue_total', 'revenue_parts', 'revenue_labor', 'revenue_freight', 'revenue_supplies', 'revenue_misc',
            'revenue_other',
        ]) }}
    from services
    group by vehicle_key

),

analysis as (

    select
        vehicles.vehicle_key,
        vehicles.shop_id,
        vehicles.unit_id,
        vehicles.unit_vin,
        vehicles.unit as unit_number,
        vehicles.unit_make,
        vehicles.unit_model,
        vehicles.unit_year,
        vehicles.owner as fleet_owner,
        serviced.total_invoices,
        serviced.total_repair_orders,
        serviced.first_service_date,
        serviced.last_service_date,
        serviced.revenue_total as total_service_cost,
        serviced.revenue_parts as total_parts_cost,
        serviced.revenue_labor as total_labor_cost,
        serviced.revenue_freight,
        serviced.revenue_supplies,
        serviced.revenue_misc,
        serviced.revenue_other,
        round(serviced.revenue_total / serviced.total_invoices, 2) as avg_service_cost,
        serviced.total_line_items,
        serviced.services_last_90_days,
        serviced.cost_last_90_days
    from serviced
    inner join vehicles
        on serviced.vehicle_key = vehicles.vehicle_key

)

select * from analysis
order by total_service_cost desc
