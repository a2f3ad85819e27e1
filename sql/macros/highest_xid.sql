{#
    The highest transaction id in a column of an incremental model, or 0 (so that everything is read again) when the
    model is empty or was restored from another cluster, whose transaction ids do not compare with this one's.
#}
{% macro highest_xid(relation, column) -%}
    (
        select coalesce(max(built.{{ column }}), '0'::xid8)
        from {{ relation }} as built
        where built.built_in_system = (select control.system_identifier from pg_control_system() as control)
    )
{%- endmacro %}
