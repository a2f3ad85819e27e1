{# The date of an instant on the clocks of a zone, as the reports print it. #}
{% macro report_date(instant, time_zone) -%}
    to_char({{ instant }} at time zone {{ time_zone }}, 'MM/DD/YYYY')
{%- endmacro %}
