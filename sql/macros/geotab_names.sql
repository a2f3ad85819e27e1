{#
    Names of the groups of these ids, in their order. Each is looked up by its key in what the model imports as `groups`:
    a join would read all of them for every row.
#}
{% macro geotab_group_names(connection, ids) -%}
    (
        select string_agg(named.name, ', ' order by named.place)
        from (
            select
                (
                    select groups.name from groups
                    where groups.connection = {{ connection }} and groups.group_id = listed.group_id
                ) as name,
                listed.place
            from unnest({{ ids }}) with ordinality as listed (group_id, place)
        ) as named
    )
{%- endmacro %}

{# Names of the zones of these ids, in their order, each once; looked up by key in what the model imports as `zones`. #}
{% macro geotab_zone_names(connection, ids) -%}
    (
        select string_agg(named.name, ', ' order by named.place)
        from (
            select
                found.name,
                min(found.place) as place
            from (
                select
                    (
                        select zones.name from zones
                        where zones.connection = {{ connection }} and zones.zone_id = listed.zone_id
                    ) as name,
                    listed.place
                from unnest({{ ids }}) with ordinality as listed (zone_id, place)
            ) as found
            where found.name is not null
            group by found.name
        ) as named
    )
{%- endmacro %}
