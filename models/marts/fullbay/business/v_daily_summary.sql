with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

totals as (

    select
        shop_id,
        invoice_date,
        count(*) as total_invoices,
        count(*) filter (where exported) as exported_invoices,
        count(*) filter (where exported is not true) as unexported_invoices,
        count(distinct customer_key) as unique_customers,
        count(distinct vehicle_key) as unique_vehicles,
        sum(line_count) as total_line_items,
        coalesce(sum(tax_total), 0) as tax_total,
        coalesce(sum(total), 0) as invoiced_total,
        {{ sum_columns([
            'revenue_total', 'revenue_parts', 'revenue_labor', 'revenue_freight', 'revenue_supplies', 'revenue_misc',
            'revenue_other', 'revenue_sublet', 'parts_cost', 'parts_quantity', 'labor_hours_billed',
            'labor_hours_actual',
        ]) }}
    from invoices
    group by shop_id, invoice_date

),

-- Each part and each technician once per shop and day.
used_or_worked as (

    select distinct
        shop_id,
        invoice_date,
        line_item_type = 'LABOR' as is_labor,
        coalesce(technician_key, part_key) as item_key
    from line_items
    where line_item_type in ('PART', 'SUPPLY', 'LABOR')

),

variety as (

    select
        shop_id,
        invoice_date,
        count(item_key) filter (where not is_labor) as unique_parts,
        count(item_key) filter (where is_labor) as unique_technicians
    from used_or_worked
    group by shop_id, invoice_date

),

summary as (

    select
        totals.shop_id,
        totals.invoice_date,
        totals.total_invoices,
        totals.exported_invoices,
        totals.unexported_invoices,
        totals.total_line_items,
        totals.unique_customers,
        totals.unique_vehicles,
        coalesce(variety.unique_technicians, 0) as unique_technicians,
        coalesce(variety.unique_parts, 0) as unique_parts,
        totals.parts_quantity,
        totals.labor_hours_billed,
        totals.labor_hours_actual,
        totals.revenue_total,
        totals.revenue_parts,
        totals.revenue_labor,
        totals.revenue_freight,
        totals.revenue_supplies,
        totals.revenue_misc,
        totals.revenue_other,
        totals.revenue_sublet,
        totals.parts_cost,
        totals.revenue_parts - totals.parts_cost as parts_profit,
        totals.tax_total,
        totals.invoiced_total,
        round(totals.revenue_total / totals.total_invoices, 2) as avg_invoice_amount
    from totals
    left join variety
        on totals.shop_id = variety.shop_id
        and totals.invoice_date = variety.invoice_date

)

select * from summary
order by invoice_date desc, shop_id
