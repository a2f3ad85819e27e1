{{
    config(
        indexes=[
            {'columns': ['customer_key'], 'unique': True},
        ],
    )
}}

with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

invoices_with_customer as (

    select * from invoices
    where customer_key is not null

),

-- The newest invoice that names the customer says what the customer is called now.
latest as (

    select distinct on (customer_key)
        customer_key,
        shop_id,
        customer_id,
        customer,
        customer_external_id,
        customer_main_phone,
        customer_secondary_phone,
        customer_billing_address
    from invoices_with_customer
    order by
        customer_key,
        customer is null,
        invoice_date desc,
        invoice_created_at desc nulls last,
        fullbay_invoice_id desc

),

dated as (

    select
        customer_key,
        count(*) as invoice_count,
        min(invoice_date) as first_invoice_date,
        max(invoice_date) as last_invoice_date
    from invoices_with_customer
    group by customer_key

),

customers as (

    select
        latest.customer_key,
        latest.shop_id,
        latest.customer_id,
        latest.customer,
        latest.customer_external_id,
        latest.customer_main_phone,
        latest.customer_secondary_phone,
        latest.customer_billing_address,
        dated.invoice_count,
        dated.first_invoice_date,
        dated.last_invoice_date
    from latest
    inner join dated
        on latest.customer_key = dated.customer_key

)

select * from customers
