-- What the transform summed up on an invoice is what its lines in the mart add up to, bucket by bucket.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

wrong as (

    select
        invoice_key,
        lines_subtotal,
        revenue_total,
        lines_parts,
        revenue_parts,
        revenue_freight,
        lines_labor,
        revenue_labor,
        lines_supplies,
        revenue_supplies,
        lines_misc,
        revenue_misc,
        lines_service_call,
        lines_mileage,
        lines_sublet,
        revenue_other
    from invoices
    where revenue_total <> lines_subtotal
        or revenue_parts + revenue_freight <> lines_parts
        or revenue_labor <> lines_labor
        or revenue_supplies <> lines_supplies
        or revenue_misc <> lines_misc
        or revenue_other <> lines_service_call + lines_mileage + lines_sublet
        or revenue_sublet <> lines_sublet

)

select * from wrong
