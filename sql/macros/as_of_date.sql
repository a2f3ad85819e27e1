{# The day that rolling windows end on: the variable of this name, else today in the given time zone. #}
{% macro as_of_date(time_zone) -%}
    {%- if var('as_of_date', none) -%}
        cast('{{ var('as_of_date') }}' as date)
    {%- else -%}
        cast(current_timestamp at time zone {{ time_zone }} as date)
    {%- endif -%}
{%- endmacro %}
