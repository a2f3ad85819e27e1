{# The time of an instant on the clocks of a zone, as the reports print it: parts of a second are cut off. #}
{% macro report_time(instant, time_zone) -%}
    to_char({{ instant }} at time zone {{ time_zone }}, 'HH12:MI:SS AM')
{%- endmacro %}
