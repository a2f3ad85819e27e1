-- A gap is what the header states beyond the lines; one is null only where neither side has anything.
with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

gaps as (
    {% for bucket, header in [
        ['parts', 'parts_total'],
        ['labor', 'labor_total'],
        ['supplies', 'supplies_total'],
        ['misc', 'misc_charge_total'],
        ['service_call', 'service_call_total'],
        ['mileage', 'mileage_total'],
    ] %}
    select
        invoice_key,
        '{{ bucket }}' as bucket,
        {{ header }} as header_amount,
        lines_{{ bucket }} as lines_amount,
        gap_{{ bucket }} as gap
    from invoices
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

wrong as (

    select * from gaps
    where coalesce(gap, 0) <> coalesce(header_amount, 0) - lines_amount

)

select * from wrong
