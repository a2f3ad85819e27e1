with

quarantine as (

    select * from {{ ref('stg_fullbay__quarantine') }}

),

unresolved as (

    select * from quarantine
    where stage = 'transform'
        and state <> 'resolved'

),

-- A version can have been set aside more than once; what still waits for an answer comes before what is ignored.
latest as (

    select distinct on (shop_id, fullbay_invoice_id, raw_version)
        shop_id || '/' || fullbay_invoice_id || '/' || raw_version as raw_invoice_key,
        shop_id,
        fullbay_invoice_id,
        raw_version,
        state,
        code,
        path,
        message,
        attempts,
        last_seen_at
    from unresolved
    order by shop_id, fullbay_invoice_id, raw_version, state = 'ignored', last_seen_at desc

)

select * from latest
