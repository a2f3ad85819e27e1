with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

-- One row per invoice and way in which it could be the same as another one.
candidates as (

    select
        'SAME_NUMBER' as duplicate_kind,
        shop_id || '/' || invoice_number as duplicate_group,
        invoice_key
    from invoices
    where invoice_number is not null

    union all

    select
        'SAME_ID_IN_SHOPS' as duplicate_kind,
        fullbay_invoice_id || '/' || invoice_number || '/' || total as duplicate_group,
        invoice_key
    from invoices
    where invoice_number is not null
        and total is not null

    union all

    select
        'SAME_REPAIR_ORDER_AND_TOTAL' as duplicate_kind,
        shop_id || '/' || so_number || '/' || total as duplicate_group,
        invoice_key
    from invoices
    where so_number is not null
        and total <> 0

),

groups_of_many as (

    select
        duplicate_kind,
        duplicate_group,
        count(*) as invoices_in_group
    from candidates
    group by duplicate_kind, duplicate_group
    having count(*) > 1

),

duplicates as (

    select
        groups_of_many.duplicate_kind,
        groups_of_many.duplicate_group,
        candidates.invoice_key,
        invoices.shop_id,
        invoices.fullbay_invoice_id,
        invoices.invoice_number,
        invoices.customer as customer_title,
        invoices.so_number as repair_order_number,
        groups_of_many.invoices_in_group,
        invoices.total as invoice_total,
        invoices.invoice_date,
        invoices.ingested_at
    from groups_of_many
    inner join candidates
        on groups_of_many.duplicate_kind = candidates.duplicate_kind
        and groups_of_many.duplicate_group = candidates.duplicate_group
    inner join invoices
        on candidates.invoice_key = invoices.invoice_key

)

select * from duplicates
order by duplicate_kind, duplicate_group, invoice_key
