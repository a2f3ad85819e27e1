with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

technicians as (

    select * from {{ ref('dim_fullbay_technicians') }}

),

months as (

    select
        technician_key,
        cast(date_trunc('month', invoice_date) as date) as month_start,
        count(*) as labor_entries,
        count(distinct invoice_key) as invoices_worked_on,
        coalesce(sum(labor_hours), 0) as billed_hours,
        coalesce(sum(so_hours), 0) as actual_hours,
        sum(line_total) as labor_revenue
    from line_items
    where line_item_type = 'LABOR'
        and technician_key is not null
    group by 1, 2

),

efficiency as (

    select
        months.technician_key,
        technicians.shop_id,
        technicians.assigned_technician,
        technicians.assigned_technician_number,
        months.month_start,
        months.labor_entries,
        months.invoices_worked_on,
        months.billed_hours,
        months.actual_hours,
        round(100 * months.billed_hours / nullif(months.actual_hours, 0), 2) as efficiency_percent,
        months.labor_revenue,
        round(months.labor_revenue / nullif(months.billed_hours, 0), 2) as revenue_per_billed_hour,
        round(months.labor_revenue / nullif(months.actual_hours, 0), 2) as revenue_per_actual_hour
    from months
    inner join technicians
        on months.technician_key = technicians.technician_key

)

select * from efficiency
order by month_start desc, labor_revenue desc
