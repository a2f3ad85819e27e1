{# An instant as text in UTC, to the microsecond, whatever the zone of the session. #}
{% macro iso_utc(instant) -%}
    to_char({{ instant }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
{%- endmacro %}
