{# Seconds as HH:MM:SS, as the reports print them: hours without end, parts of a second cut off. #}
{% macro report_duration(seconds) -%}
    to_char(div(trunc(cast({{ seconds }} as numeric)), 3600), 'FM999999999900')
    || to_char(mod(div(trunc(cast({{ seconds }} as numeric)), 60), 60), 'FM":"00')
    || to_char(mod(trunc(cast({{ seconds }} as numeric)), 60), 'FM":"00')
{%- endmacro %}
