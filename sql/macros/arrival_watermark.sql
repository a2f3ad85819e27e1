{#
    The transaction id below which everything had settled when the relation was last built. Rows that landed at or
    above it are the work of the next build: a transaction that commits late is read then, at worst a second time.
    0 (read everything) when the relation was restored from another cluster, whose transaction ids do not compare.
#}
{% macro arrival_watermark(relation) -%}
    (
        select coalesce(max(built.built_below_xid), '0'::xid8)
        from {{ relation }} as built
        where built.built_in_system = (select control.system_identifier from pg_control_system() as control)
    )
{%- endmacro %}
