{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['shop_id', 'fullbay_invoice_id'],
        meta={'milepost': {'increment': 'arrival'}},
        indexes=[
            {'columns': ['shop_id', 'fullbay_invoice_id', 'line_no'], 'unique': True},
            {'columns': ['invoice_date']},
            {'columns': ['so_number']},
            {'columns': ['customer_id', 'invoice_date']},
            {'columns': ['unit_vin', 'invoice_date']},
            {'columns': ['shop_part_number', 'line_item_type']},
            {'columns': ['assigned_technician', 'line_item_type']},
            {'columns': ['ingestion_timestamp', 'line_item_type']},
        ],
    )
}}

{#- On every row: what lines are looked up by. -#}
{%- set context_columns = [
    'invoice_key', 'customer_key', 'vehicle_key', 'shop_id', 'fullbay_invoice_id', 'raw_data_id', 'customer_id',
    'so_number', 'unit_vin', 'invoice_date',
] -%}
{#- On every row, each with its own value. -#}
{%- set own_columns = ['raw_version', 'tax_rate', 'landed_xid'] -%}
{%- set invoice_columns = [
    'fullbay_service_order_id', 'unit_id', 'quickbooks_id', 'run_id', 'invoice_number', 'shop_title', 'shop_email',
    'shop_address', 'customer', 'customer_external_id', 'customer_main_phone', 'customer_secondary_phone',
    'customer_billing_address', 'bill_to_customer', 'po_number', 'unit', 'unit_nickname', 'unit_type', 'unit_subtype',
    'unit_year', 'unit_make', 'unit_model', 'unit_license_plate', 'primary_technician', 'primary_technician_number',
    'tax_title', 'quantity_rule', 'reconciliation_status', 'content_hash', 'material_hash', 'line_count',
    'dropped_parts', 'parts_total', 'parts_cost_total', 'labor_total', 'labor_hours_total', 'actual_hours_total',
    'sublet_labor_total', 'supplies_total', 'misc_charge_total', 'service_call_total', 'mileage_total',
    'mileage_cost_total', 'sub_total', 'tax_total', 'total', 'balance', 'lines_parts', 'lines_labor', 'lines_supplies',
    'lines_misc', 'lines_service_call', 'lines_mileage', 'lines_sublet', 'lines_subtotal', 'lines_tax', 'gap_parts',
    'gap_labor', 'gap_supplies', 'gap_misc', 'gap_service_call', 'gap_mileage', 'gap_subtotal', 'gap_tax', 'exported',
    'unit_vin_is_valid', 'supplies_overridden', 'supplies_taxable', 'other_quantity_rule_matches',
    'header_equation_holds', 'due_date', 'promise_to_pay_date', 'invoice_created_at', 'service_order_created',
    'service_order_start_date', 'service_order_completion_date', 'processed_at',
] -%}
{%- set line_columns = [
    'line_item_key', 'technician_key', 'part_key', 'id', 'line_key', 'fullbay_complaint_id',
    'fullbay_correction_id', 'fullbay_part_id', 'part_ids', 'misc_charge_id', 'technician_assignment_id',
    'line_item_type', 'classified_by', 'complaint_type', 'complaint_subtype', 'complaint_note', 'complaint_cause',
    'correction_title', 'correction_performed', 'component', 'system', 'global_service', 'recommended_correction',
    'service_description', 'part_description', 'shop_part_number', 'vendor_part_number', 'part_category',
    'labor_description', 'labor_rate_type', 'labor_taxable_source', 'assigned_technician',
    'assigned_technician_number', 'core_type', 'quickbooks_account', 'quickbooks_item', 'quickbooks_item_type',
    'ingestion_source', 'part_count', 'technician_portion', 'quantity', 'to_be_returned_quantity',
    'returned_quantity', 'so_hours', 'labor_hours', 'unit_cost', 'unit_price', 'line_cost', 'line_total',
    'gross_profit', 'line_tax', 'sales_total', 'complaint_authorized', 'price_overridden', 'taxable',
    'inventory_item', 'sublet', 'ingestion_timestamp',
] -%}

with

invoices as (

    select * from {{ ref('stg_fullbay__invoices') }}

),

line_items as (

    select * from {{ ref('stg_fullbay__line_items') }}

),

changed_invoices as (

    select * from invoices
    {% if is_incremental() %}
    where {{ arrived_since_last_success('landed_xid') }}
    {% endif %}

),

-- One statement reads both tables, so an invoice and its lines are always of the same moment.
invoices_and_lines as (

    select
        {% for column in context_columns + own_columns + invoice_columns %}
        {{ column }},
        {% endfor %}
        {% for column in line_columns %}
        null as {{ column }},
        {% endfor %}
        0 as line_no
    from changed_invoices

    union all

    select
        {% for column in context_columns %}
        changed_invoices.{{ column }},
        {% endfor %}
        {% for column in own_columns %}
        line_items.{{ column }},
        {% endfor %}
        {% for column in invoice_columns %}
        null as {{ column }},
        {% endfor %}
        {% for column in line_columns %}
        line_items.{{ column }},
        {% endfor %}
        line_items.line_no
    from changed_invoices
    inner join line_items
        on changed_invoices.shop_id = line_items.shop_id
        and changed_invoices.fullbay_invoice_id = line_items.fullbay_invoice_id

)

select * from invoices_and_lines
