{{
    config(
        indexes=[
            {'columns': ['vehicle_key'], 'unique': True},
        ],
    )
}}

with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

customers as (

    select * from {{ ref('dim_fullbay_customers') }}

),

invoices_with_vehicle as (

    select * from invoices
    where vehicle_key is not null

),

latest as (

    select distinct on (vehicle_key)
        vehicle_key,
        customer_key,
        shop_id,
        unit_id,
        unit_vin,
        unit,
        unit_nickname,
        unit_type,
        unit_subtype,
        unit_year,
        unit_make,
        unit_model,
        unit_license_plate,
        unit_vin_is_valid
    from invoices_with_vehicle
    order by vehicle_key, invoice_date desc, invoice_created_at desc nulls last, fullbay_invoice_id desc

),

dated as (

    select
        vehicle_key,
        count(*) as invoice_count,
        min(invoice_date) as first_service_date,
        max(invoice_date) as last_service_date
    from invoices_with_vehicle
    group by vehicle_key

),

vehicles as (

    select
        latest.vehicle_key,
        latest.customer_key,
        latest.shop_id,
        latest.unit_id,
        latest.unit_vin,
        latest.unit,
        latest.unit_nickname,
        latest.unit_type,
        latest.unit_subtype,
        latest.unit_year,
        latest.unit_make,
        latest.unit_model,
        latest.unit_license_plate,
        customers.customer as owner,
        dated.invoice_count,
        coalesce(latest.unit_vin_is_valid, false) as unit_vin_is_valid,
        dated.first_service_date,
        dated.last_service_date
    from latest
    inner join dated
        on latest.vehicle_key = dated.vehicle_key
    left join customers
        on latest.customer_key = customers.customer_key

)

select * from vehicles
