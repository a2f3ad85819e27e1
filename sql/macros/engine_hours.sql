{# Engine seconds as hours, to two decimals. #}
{% macro engine_hours(seconds) -%}
    cast(round(cast({{ seconds }} / 3600 as numeric), 2) as double precision)
{%- endmacro %}
