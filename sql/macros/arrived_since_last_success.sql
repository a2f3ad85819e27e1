{#
    Whether a row arrived since this model last read: whether the transaction in the column (of type xid8) was not
    visible then. The builder gives the snapshot of that moment as a variable to models with
    `meta: {milepost: {increment: arrival}}`. Without it every row counts as new, which gives the same table.
#}
{% macro arrived_since_last_success(column) -%}
    {%- set snapshot = var('last_success_snapshot', none) -%}
    {%- if snapshot is none -%}
        true
    {%- else -%}
        (
            {{ column }} >= pg_snapshot_xmin('{{ snapshot }}')
            and not pg_visible_in_snapshot({{ column }}, '{{ snapshot }}')
        )
    {%- endif -%}
{%- endmacro %}
