{{ config(meta={'milepost': {'clock': 'quarter_hour'}}) }}

with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

line_items as (

    select * from {{ ref('fct_fullbay_line_items') }}

),

shops as (

    select * from {{ ref('dim_fullbay_shops') }}

),

shop_days as (

    select
        shop_id,
        time_zone,
        {{ as_of_date('time_zone') }} as as_of_date
    from shops

),

ingested as (

    select
        invoices.*,
        cast(invoices.ingested_at at time zone shop_days.time_zone as date) as activity_date,
        shop_days.as_of_date
    from invoices
    inner join shop_days
        on invoices.shop_id = shop_days.shop_id

),

recent_invoices as (

    select * from ingested
    where activity_date between as_of_date - 7 and as_of_date

),

recent_technicians as (

    select
        recent_invoices.shop_id,
        recent_invoices.activity_date,
        count(distinct line_items.technician_key) as active_technicians
    from recent_invoices
    inner join line_items
        on recent_invoices.shop_id = line_items.shop_id
        and recent_invoices.fullbay_invoice_id = line_items.fullbay_invoice_id
    where line_items.technician_key is not null
    group by recent_invoices.shop_id, recent_invoices.activity_date

),

counted as (

    select
        shop_id,
        activity_date,
        count(*) as invoices_processed,
        sum(line_count) as line_items_created,
        sum(revenue_total) as total_value_processed,
        count(distinct customer_key) as unique_customers,
        sum(parts_count) as parts_processed,
        sum(supplies_count) as supplies_processed,
        sum(labor_count) as labor_entries_processed,
        sum(zero_price_count) as zero_price_items,
        coalesce(sum(line_count) filter (where customer_id is null or customer is null), 0) as missing_customer_items
    from recent_invoices
    group by shop_id, activity_date

),

activity as (

    select
        counted.shop_id,
        counted.activity_date,
        counted.invoices_processed,
        counted.line_items_created,
        counted.total_value_processed,
        counted.unique_customers,
        coalesce(recent_technicians.active_technicians, 0) as active_technicians,
        counted.parts_processed,
        counted.supplies_processed,
        counted.labor_entries_processed,
        counted.zero_price_items,
        counted.missing_customer_items
    from counted
    left join recent_technicians
        on counted.shop_id = recent_technicians.shop_id
        and counted.activity_date = recent_technicians.activity_date

)

select * from activity
order by activity_date desc, shop_id
