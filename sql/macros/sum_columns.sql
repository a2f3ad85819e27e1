{# Sums of columns under their own names, one per line, without a comma after the last. #}
{% macro sum_columns(columns) -%}
    {%- for column in columns -%}
        sum({{ column }}) as {{ column }}
        {%- if not loop.last -%}
            ,
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}
