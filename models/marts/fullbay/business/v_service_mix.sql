with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

jobs as (

    select
        shop_id,
        component,
        system,
        global_service,
        invoice_key,
        fullbay_correction_id,
        coalesce(sum(labor_hours), 0) as hours_billed,
        coalesce(sum(so_hours), 0) as hours_actual,
        coalesce(sum(line_total) filter (where line_item_type in ('PART', 'SUPPLY')), 0) as revenue_parts,
        coalesce(sum(line_total) filter (where line_item_type = 'LABOR'), 0) as revenue_labor,
        coalesce(sum(line_total) filter (where line_item_type = 'FREIGHT'), 0) as revenue_freight,
        coalesce(sum(line_cost) filter (where line_item_type in ('PART', 'SUPPLY')), 0) as parts_cost,
        max(invoice_date) as invoice_date
    from line_items
    where line_item_type in ('PART', 'SUPPLY', 'FREIGHT', 'LABOR')
    group by fullbay_correction_id, invoice_key, shop_id, component, system, global_service

),

services as (

    select
        shop_id,
        component,
        system,
        global_service,
        count(*) as jobs,
        count(distinct invoice_key) as invoices,
        max(invoice_date) as last_service_date,
        {{ sum_columns([
            'hours_billed', 'hours_actual', 'revenue_parts', 'revenue_labor', 'revenue_freight', 'parts_cost',
        ]) }}
    from jobs
    group by shop_id, component, system, global_service

),

mix as (

    select
        shop_id || '/' || coalesce(component, '') || '/' || coalesce(system, '') || '/' || coalesce(global_service, '')
            as service_key,
        shop_id,
        component,
        system,
        global_service,
        jobs,
        invoices,
        hours_billed,
        hours_actual,
        revenue_parts,
        revenue_labor,
        revenue_freight,
        revenue_parts + revenue_labor + revenue_freight as revenue_total,
        parts_cost,
        revenue_parts - parts_cost as parts_profit,
        round(100 * (revenue_parts - parts_cost) / nullif(revenue_parts, 0), 2) as parts_margin_percent,
        revenue_parts + revenue_labor + revenue_freight - parts_cost as gross_profit,
        round(
            100 * (revenue_parts + revenue_labor + revenue_freight - parts_cost)
                / nullif(revenue_parts + revenue_labor + revenue_freight, 0), 2
        ) as gross_margin_percent,
        last_service_date
    from services

)

select * from mix
order by revenue_total desc
