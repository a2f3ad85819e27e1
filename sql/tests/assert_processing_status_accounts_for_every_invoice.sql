-- One row, and every invoice that landed is processed, pending, failed or skipped.
with

status as (

    select * from {{ ref('v_current_processing_status') }}

),

wrong as (

    select
        count(*) as status_rows,
        sum(total_invoices) as total_invoices,
        sum(processed_invoices + pending_invoices + error_invoices + skipped_invoices) as accounted_invoices
    from status
    having count(*) <> 1
        or sum(total_invoices)
            <> sum(processed_invoices + pending_invoices + error_invoices + skipped_invoices)

)

select * from wrong
