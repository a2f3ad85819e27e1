{{ config(meta={'milepost': {'clock': 'quarter_hour'}}) }}

with

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

parts as (

    select * from {{ ref('dim_fullbay_parts') }}

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

part_lines as (

    select
        line_items.part_key,
        line_items.invoice_key,
        line_items.quantity,
        line_items.line_cost,
        line_items.line_total,
        line_items.invoice_date,
        line_items.invoice_date between shop_days.as_of_date - 30 and shop_days.as_of_date as is_of_last_30_days
    from line_items
    inner join shop_days
        on line_items.shop_id = shop_days.shop_id
    where line_items.line_item_type in ('PART', 'SUPPLY')
        and line_items.part_key is not null

),

used as (

    select
        part_key,
        count(*) as usage_count,
        count(distinct invoice_key) as invoices_used_on,
        coalesce(sum(quantity), 0) as total_quantity_used,
        coalesce(sum(line_cost), 0) as total_cost,
        sum(line_total) as total_revenue,
        max(invoice_date) as last_used_date,
        count(*) filter (where is_of_last_30_days) as used_last_30_days,
        coalesce(sum(quantity) filter (where is_of_last_30_days), 0) as quantity_last_30_days
    from part_lines
    group by part_key

),

analysis as (

    select
        parts.part_key,
        parts.shop_id,
        parts.shop_part_number,
        parts.part_description,
        parts.part_category,
        parts.vendor_part_number,
        used.usage_count,
        used.total_quantity_used,
        used.invoices_used_on,
        round(used.total_cost / nullif(used.total_quantity_used, 0), 4) as avg_unit_cost,
        round(used.total_revenue / nullif(used.total_quantity_used, 0), 4) as avg_selling_price,
        used.total_cost,
        used.total_revenue,
        used.total_revenue - used.total_cost as total_profit,
        round(
            100 * (used.total_revenue - used.total_cost) / nullif(used.total_revenue, 0), 2
        ) as profit_margin_percent,
        used.last_used_date,
        used.used_last_30_days,
        used.quantity_last_30_days
    from used
    inner join parts
        on used.part_key = parts.part_key

)

select * from analysis
order by total_revenue desc
