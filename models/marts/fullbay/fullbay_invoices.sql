{{ config(materialized='view') }}

with

invoices as (

    select * from {{ ref('fct_fullbay_invoices') }}

),

missing_invoices as (

    select * from {{ ref('stg_fullbay__missing_invoices') }}

),

invoices_with_absence as (

    select
        {%- for column in [
            'shop_id', 'fullbay_invoice_id', 'raw_data_id', 'customer_id', 'fullbay_service_order_id', 'unit_id',
            'quickbooks_id', 'run_id', 'invoice_key', 'customer_key', 'vehicle_key', 'invoice_number', 'shop_title',
            'shop_email', 'shop_address', 'customer', 'customer_external_id', 'customer_main_phone',
            'customer_secondary_phone', 'customer_billing_address', 'bill_to_customer', 'so_number', 'po_number',
            'unit', 'unit_nickname', 'unit_type', 'unit_subtype', 'unit_year', 'unit_make', 'unit_model', 'unit_vin',
            'unit_license_plate', 'primary_technician', 'primary_technician_number', 'tax_title', 'quantity_rule',
            'reconciliation_status', 'content_hash', 'material_hash', 'raw_version', 'line_count', 'dropped_parts',
            'parts_total', 'parts_cost_total', 'labor_total', 'labor_hours_total', 'actual_hours_total',
            'sublet_labor_total', 'supplies_total', 'misc_charge_total', 'service_call_total', 'mileage_total',
            'mileage_cost_total', 'sub_total', 'tax_rate', 'tax_total', 'total', 'balance', 'revenue_total',
            'revenue_parts', 'revenue_labor', 'revenue_freight', 'revenue_supplies', 'revenue_misc', 'revenue_other',
            'gap_parts', 'gap_labor', 'gap_supplies', 'gap_misc', 'gap_service_call', 'gap_mileage', 'gap_subtotal',
            'gap_tax', 'exported', 'unit_vin_is_valid', 'supplies_overridden', 'supplies_taxable',
            'other_quantity_rule_matches', 'header_equation_holds', 'invoice_date', 'due_date', 'promise_to_pay_date',
            'invoice_created_at', 'service_order_created', 'service_order_start_date',
            'service_order_completion_date', 'ingested_at', 'processed_at',
        ] %}
        invoices.{{ column }},
        {%- endfor %}
        missing_invoices.missing_since
    from invoices
    left join missing_invoices
        on invoices.invoice_key = missing_invoices.invoice_key

)

select * from invoices_with_absence
