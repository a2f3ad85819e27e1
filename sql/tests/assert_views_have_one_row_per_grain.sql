-- Views whose key is several columns: the columns together name one row.
{%- set grains = [
    ['v_daily_summary', ['shop_id', 'invoice_date']],
    ['v_monthly_summary', ['shop_id', 'month_start']],
    ['v_labor_efficiency', ['technician_key', 'month_start']],
    ['v_ingestion_performance', ['shop_id', 'ingestion_date']],
    ['v_data_quality_check', ['shop_id', 'check_name']],
    ['v_recent_activity', ['shop_id', 'activity_date']],
    ['v_duplicate_invoices', ['duplicate_kind', 'invoice_key']],
    ['fullbay_raw_data', ['shop_id', 'fullbay_invoice_id', 'version']],
] %}
with

repeated as (
    {% for view_name, columns in grains %}
    select
        '{{ view_name }}' as view_name,
        concat_ws('/', {{ columns | join(', ') }}) as row_key,
        count(*) as occurrences
    from {{ ref(view_name) }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select * from repeated
