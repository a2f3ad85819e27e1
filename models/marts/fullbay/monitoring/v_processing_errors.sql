with

quarantine as (

    select * from {{ ref('stg_fullbay__quarantine') }}

),

raw_invoices as (

    select * from {{ ref('stg_fullbay__raw_invoices') }}

),

unresolved as (

    select
        quarantine.quarantine_id,
        quarantine.shop_id,
        raw_invoices.raw_data_id,
        quarantine.fullbay_invoice_id,
        quarantine.raw_version as version,
        quarantine.stage,
        quarantine.state,
        quarantine.code as error_code,
        quarantine.path as error_path,
        quarantine.code || ': ' || quarantine.message || ' (at ' || quarantine.path || ')' as processing_errors,
        lower(quarantine.code || ' ' || quarantine.message) as searched,
        quarantine.attempts,
        quarantine.payload as raw_json_data,
        coalesce(raw_invoices.first_seen_at, quarantine.first_seen_at) as ingestion_timestamp,
        quarantine.last_seen_at
    from quarantine
    left join raw_invoices
        on quarantine.shop_id = raw_invoices.shop_id
        and quarantine.fullbay_invoice_id = raw_invoices.fullbay_invoice_id
        and quarantine.raw_version = raw_invoices.raw_version
    where quarantine.state in ('open', 'retry')

),

errors as (

    select
        quarantine_id,
        shop_id,
        raw_data_id,
        fullbay_invoice_id,
        version,
        ingestion_timestamp,
        processing_errors,
        case
            when searched like any (array['%missing%', 'no\_%']) then 'Missing Data'
            when searched like any (
                array['%format%', '%parse%', '%invalid%', '%out\_of\_range%', 'not\_an\_%', 'nested\_%']
            )
                then 'Format Error'
            when searched like any (array['%constraint%', '%duplicate%', 'not\_storable%']) then 'Data Constraint'
            else 'Other Error'
        end as error_category,
        raw_json_data,
        stage,
        state,
        error_code,
        error_path,
        attempts,
        last_seen_at
    from unresolved

)

select * from errors
order by ingestion_timestamp desc
