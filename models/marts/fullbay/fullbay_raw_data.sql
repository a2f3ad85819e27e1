{{ config(materialized='view') }}

with

raw_invoices as (

    select * from {{ ref('stg_fullbay__raw_invoices') }}

),

invoices as (

    select * from {{ ref('stg_fullbay__invoices') }}

),

missing_invoices as (

    select * from {{ ref('stg_fullbay__missing_invoices') }}

),

errors as (

    select * from {{ ref('int_fullbay_invoice_errors') }}

),

sighted as (

    select * from {{ ref('int_fullbay_raw_invoices_sighted') }}

),

judged as (

    select
        raw_invoices.*,
        case
            when errors.state in ('open', 'retry') and coalesce(invoices.raw_version, 0) <= raw_invoices.raw_version
                then 'FAILED'
            when invoices.raw_version >= raw_invoices.raw_version then 'PROCESSED'
            when errors.state = 'ignored' or not raw_invoices.is_current then 'SKIPPED'
            else 'PENDING'
        end as status,
        errors.code as error_code,
        errors.path as error_path,
        errors.message as error_message,
        errors.attempts as error_attempts,
        case when invoices.raw_version = raw_invoices.raw_version then invoices.material_hash end as material_hash,
        case when invoices.raw_version = raw_invoices.raw_version then invoices.processed_at end as processed_at,
        missing_invoices.missing_since
    from raw_invoices
    left join invoices
        on raw_invoices.shop_id = invoices.shop_id
        and raw_invoices.fullbay_invoice_id = invoices.fullbay_invoice_id
    left join errors
        on raw_invoices.shop_id = errors.shop_id
        and raw_invoices.fullbay_invoice_id = errors.fullbay_invoice_id
        and raw_invoices.raw_version = errors.raw_version
    left join missing_invoices
        on raw_invoices.shop_id = missing_invoices.shop_id
        and raw_invoices.fullbay_invoice_id = missing_invoices.fullbay_invoice_id

),

raw_data as (

    select
        judged.raw_data_id as id,
        judged.raw_data_id,
        judged.shop_id,
        judged.fullbay_invoice_id,
        judged.run_id,
        judged.raw_version as version,
        judged.payload as raw_json_data,
        judged.payload_hash,
        judged.material_hash,
        judged.status,
        case when judged.status <> 'PROCESSED' then judged.error_code end as error_code,
        case when judged.status <> 'PROCESSED' then judged.error_path end as error_path,
        case
            when judged.status <> 'PROCESSED'
                then judged.error_code || ': ' || judged.error_message || ' (at ' || judged.error_path || ')'
        end as processing_errors,
        coalesce(judged.error_attempts, 0) as failed_attempts,
        coalesce(sighted.seen_count, 1) as seen_count,
        judged.status = 'PROCESSED' as processed,
        judged.is_current,
        judged.window_start,
        judged.window_end,
        judged.first_seen_at as ingestion_timestamp,
        judged.first_seen_at,
        coalesce(sighted.last_seen_at, judged.first_seen_at) as last_seen_at,
        judged.processed_at,
        case when judged.is_current then judged.missing_since end as missing_since
    from judged
    left join sighted
        on judged.raw_data_id = sighted.raw_data_id

)

select * from raw_data
