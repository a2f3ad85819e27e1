with

wrong as (

    select
        connection,
        feed,
        count(*) as occurrences
    from {{ ref('v_geotab_feed_freshness') }}
    group by connection, feed
    having count(*) > 1

)

select * from wrong
