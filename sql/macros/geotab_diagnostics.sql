{#
    A list of diagnostics by all of their ids, to compare an id with; looked up in what the model imports as `aliases`,
    once, so that an index still finds the readings.
#}
{% macro geotab_diagnostic_ids(ids) -%}
    any(array(
        select listed.diagnostic_id
        from unnest(array['{{ ids | join("', '") }}']) as listed (diagnostic_id)
        union
        select aliases.alias_id
        from aliases
        where aliases.diagnostic_id in ('{{ ids | join("', '") }}')
    ))
{%- endmacro %}
