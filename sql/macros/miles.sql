{# Metres as miles, to four decimals. #}
{% macro miles(metres) -%}
    cast(round(cast({{ metres }} / 1609.344 as numeric), 4) as double precision)
{%- endmacro %}
