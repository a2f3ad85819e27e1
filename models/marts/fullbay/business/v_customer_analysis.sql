with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

customers as (

    select * from {{ ref('dim_fullbay_customers') }}

),

invoices_by_customer as (

    select
        customer_key,
        count(*) as total_invoices,
        min(invoice_date) as first_invoice_date,
        max(invoice_date) as last_invoice_date,
        count(distinct so_number) as total_repair_orders,
        count(distinct vehicle_key) as unique_vehicles_serviced,
        sum(line_count) as total_line_items,
        sum(total) as total_invoiced,
        sum(tax_total) as total_tax,
        {{ sum_columns([
            'revenue_total', 'revenue_parts', 'revenue_labor', 'revenue_freight', 'revenue_supplies', 'revenue_misc',
            'revenue_other',
        ]) }}
    from invoices
    where customer_key is not null
    group by customer_key

),

analysis as (

    select
        customers.customer_key,
        customers.shop_id,
        customers.customer_id,
        customers.customer as customer_title,
        customers.customer_external_id,
        invoices_by_customer.total_invoices,
        invoices_by_customer.first_invoice_date,
        invoices_by_customer.last_invoice_date,
        invoices_by_customer.revenue_parts as total_parts_revenue,
        invoices_by_customer.revenue_labor as total_labor_revenue,
        invoices_by_customer.revenue_freight,
        invoices_by_customer.revenue_supplies,
        invoices_by_customer.revenue_misc,
        invoices_by_customer.revenue_other,
        invoices_by_customer.revenue_total as total_revenue,
        coalesce(invoices_by_customer.total_tax, 0) as total_tax,
        coalesce(invoices_by_customer.total_invoiced, 0) as total_invoiced,
        invoices_by_customer.total_repair_orders,
        invoices_by_customer.unique_vehicles_serviced,
        invoices_by_customer.total_line_items,
        round(invoices_by_customer.revenue_total / invoices_by_customer.total_invoices, 2) as avg_invoice_amount,
        round(
            cast(invoices_by_customer.total_line_items as numeric) / invoices_by_customer.total_invoices, 2
        ) as avg_line_items_per_invoice
    from invoices_by_customer
    inner join customers
        on invoices_by_customer.customer_key = customers.customer_key

)

select * from analysis
order by total_revenue desc
