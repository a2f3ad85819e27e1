{{ config(meta={'milepost': {'clock': 'quarter_hour'}}) }}

with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

technicians as (

    select * from {{ ref('dim_fullbay_technicians') }}

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

labor_lines as (

    select
        line_items.technician_key,
        line_items.invoice_key,
        line_items.shop_id,
        line_items.so_number,
        line_items.so_hours,
        line_items.labor_hours,
        line_items.line_total,
        line_items.invoice_date,
        line_items.invoice_date between shop_days.as_of_date - 30 and shop_days.as_of_date as is_of_last_30_days
    from line_items
    inner join shop_days
        on line_items.shop_id = shop_days.shop_id
    where line_items.line_item_type = 'LABOR'
        and line_items.technician_key is not null

),

worked as (

    select
        technician_key,
        count(*) as total_labor_entries,
        count(distinct invoice_key) as invoices_worked_on,
        count(distinct so_number) as repair_orders_worked_on,
        coalesce(sum(so_hours), 0) as total_hours_worked,
        coalesce(sum(labor_hours), 0) as total_hours_billed,
        round(avg(so_hours), 4) as avg_hours_per_job,
        sum(line_total) as total_labor_revenue,
        round(avg(line_total), 2) as avg_job_value,
        max(invoice_date) as last_work_date,
        count(*) filter (where is_of_last_30_days) as jobs_last_30_days,
        coalesce(sum(so_hours) filter (where is_of_last_30_days), 0) as hours_last_30_days
    from labor_lines
    group by technician_key

),

performance as (

    select
        technicians.technician_key,
        technicians.shop_id,
        technicians.assigned_technician,
        technicians.assigned_technician_number,
        worked.total_labor_entries,
        worked.invoices_worked_on,
        worked.repair_orders_worked_on,
        worked.total_hours_worked,
        worked.total_hours_billed,
        worked.avg_hours_per_job,
        worked.total_labor_revenue,
        worked.avg_job_value,
        round(worked.total_labor_revenue / nullif(worked.total_hours_worked, 0), 2) as revenue_per_hour,
        worked.last_work_date,
        worked.jobs_last_30_days,
        worked.hours_last_30_days
    from worked
    inner join technicians
        on worked.technician_key = technicians.technician_key

)

select * from performance
order by total_labor_revenue desc
