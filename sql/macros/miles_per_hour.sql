{# Kilometres per hour as miles per hour, to four decimals. #}
{% macro miles_per_hour(kmh) -%}
    cast(round(cast({{ kmh }} / 1.609344 as numeric), 4) as double precision)
{%- endmacro %}
