with

raw_data as (

    select * from {{ ref('fullbay_raw_data') }}

),

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

quarantine as (

    select * from {{ ref('stg_fullbay__quarantine') }}

),

current_raw as (

    select
        count(*) as total_invoices,
        count(*) filter (where status = 'PROCESSED') as processed_invoices,
        count(*) filter (where status = 'PENDING') as pending_invoices,
        count(*) filter (where status = 'FAILED') as error_invoices,
        count(*) filter (where status = 'SKIPPED') as skipped_invoices,
        count(*) filter (where missing_since is not null) as missing_invoices,
        max(ingestion_timestamp) as last_ingestion_time,
        max(ingestion_timestamp) filter (where status = 'PROCESSED') as last_successful_processing
    from raw_data
    where is_current

),

lines as (

    select coalesce(sum(line_count), 0) as total_line_items
    from invoices

),

unlanded as (

    select count(*) as unlanded_records
    from quarantine
    where stage = 'land'
        and state in ('open', 'retry')

),

status as (

    select
        current_raw.total_invoices,
        current_raw.processed_invoices,
        current_raw.pending_invoices,
        current_raw.error_invoices,
        current_raw.skipped_invoices,
        current_raw.missing_invoices,
        unlanded.unlanded_records,
        lines.total_line_items,
        round(
            cast(lines.total_line_items as numeric) / nullif(current_raw.processed_invoices, 0), 2
        ) as avg_line_items_per_invoice,
        current_raw.last_ingestion_time,
        current_raw.last_successful_processing
    from current_raw
    cross join lines
    cross join unlanded

)

select * from status
