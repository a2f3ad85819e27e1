{#
    Names of the groups of these ids, in their order. It is looked up row by row in what the model imports as
    `groups`, so that a row that nobody asks for costs nothing.
#}
{% macro geotab_group_names(connection, ids) -%}
    (
        select string_agg(groups.name, ', ' order by listed.place)
        from unnest({{ ids }}) with ordinality as listed (group_id, place)
        inner join groups
            on groups.connection = {{ connection }} and listed.group_id = groups.group_id
    )
{%- endmacro %}

{# Names of the zones of these ids, in their order, each once; looked up in what the model imports as `zones`. #}
{% macro geotab_zone_names(connection, ids) -%}
    (
        select string_agg(named.name, ', ' order by named.place)
        from (
            select
                zones.name,
                min(listed.place) as place
            from unnest({{ ids }}) with ordinality as listed (zone_id, place)
            inner join zones
                on zones.connection = {{ connection }} and listed.zone_id = zones.zone_id
            where zones.name is not null
            group by zones.name
        ) as named
    )
{%- endmacro %}
