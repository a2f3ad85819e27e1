with

reported as (
    {% for report in ['trips', 'exceptions', 'faults'] %}
    select
        '{{ report }}' as report,
        connection,
        row_key
    from {{ ref('int_geotab_' ~ report ~ '_reported') }}
    where occurred_at > current_timestamp - interval '26 hours' and is_reportable
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

wrong as (

    select
        report,
        connection,
        row_key,
        count(*) as occurrences
    from reported
    group by report, connection, row_key
    having count(*) > 1

)

select * from wrong
