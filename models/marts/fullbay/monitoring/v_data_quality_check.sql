with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

shops as (

    select * from {{ ref('dim_fullbay_shops') }}

),

counted as (

    select
        shops.shop_id,
        coalesce(sum(invoices.line_count), 0) as lines,
        coalesce(sum(invoices.labor_count), 0) as labor_lines,
        coalesce(sum(invoices.parts_count + invoices.supplies_count), 0) as part_lines,
        coalesce(sum(invoices.line_count) filter (where invoices.invoice_number is null), 0) as without_invoice_number,
        coalesce(
            sum(invoices.line_count) filter (where invoices.customer_id is null or invoices.customer is null), 0
        ) as without_customer,
        coalesce(
            sum(invoices.line_count) filter (where invoices.unit_vin is null or invoices.unit_make is null), 0
        ) as without_unit,
        coalesce(sum(invoices.zero_price_count), 0) as without_price,
        coalesce(sum(invoices.labor_without_hours_count), 0) as without_hours,
        coalesce(sum(invoices.parts_without_number_count), 0) as without_part_number
    from shops
    left join invoices
        on shops.shop_id = invoices.shop_id
    group by shops.shop_id

),

checks as (

    select
        counted.shop_id,
        checked.check_name,
        checked.issue_count,
        checked.checked_count
    from counted
    cross join lateral (
        values
        ('Missing Invoice Numbers', counted.without_invoice_number, counted.lines),
        ('Missing Customer Info', counted.without_customer, counted.lines),
        ('Missing Unit Info', counted.without_unit, counted.lines),
        ('Zero or Negative Prices', counted.without_price, counted.lines),
        ('Missing Labor Hours', counted.without_hours, counted.labor_lines),
        ('Missing Part Numbers', counted.without_part_number, counted.part_lines)
    ) as checked (check_name, issue_count, checked_count)

),

quality as (

    select
        shop_id,
        check_name,
        issue_count,
        checked_count,
        coalesce(round(100 * issue_count / nullif(checked_count, 0), 2), 0) as issue_percent
    from checks

)

select * from quality
order by issue_count desc, check_name, shop_id
