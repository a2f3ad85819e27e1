{# A folder's schema is used as it is, not appended to the target's; `schema_prefix` makes a copy beside it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ var('schema_prefix', '') }}{{ custom_schema_name if custom_schema_name is not none else target.schema }}
{%- endmacro %}
