{# A text column that is null where there is nothing to read in it. #}
{% macro text_or_null(column) -%}
    case when btrim({{ column }}) <> '' then {{ column }} end
{%- endmacro %}
