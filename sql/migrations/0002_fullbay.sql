-- What Fullbay said: the newest version of each invoice is current, earlier distinct versions stay.
create table raw.fullbay__invoices (
    id bigint generated always as identity unique,
    connection text not null,
    record_key text not null,
    version integer not null,
    is_current boolean not null,
    payload jsonb not null,
    content_hash text not null,
    window_start date,
    window_end date,
    run_id uuid not null,
    first_seen_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, record_key, version)
);
create unique index fullbay__invoices_current on raw.fullbay__invoices (connection, record_key) where is_current;
create index fullbay__invoices_arrival on raw.fullbay__invoices (connection, landed_xid);

-- Invoices that a later reading of their whole window no longer brought. Lines are kept.
create table raw.fullbay__missing_invoices (
    connection text not null,
    record_key text not null,
    missing_since timestamptz not null default now(),
    run_id uuid not null,
    primary key (connection, record_key)
);

-- The words that tell a SUPPLY or FREIGHT line from a PART. Lowest priority number first, first match
-- wins; a rule of a shop comes before the general rule (shop_id null) of the same priority.
create table base.fullbay__classification_rules (
    rule_id text primary key,
    shop_id text,
    priority integer not null,
    field text not null check (field in ('description', 'part_number', 'category', 'any')),
    match text not null check (match in ('any_word', 'all_words', 'equals')),
    words text[] not null,
    except_words text[] not null default '{}',
    line_item_type text not null check (line_item_type in ('PART', 'SUPPLY', 'FREIGHT'))
);

insert into base.fullbay__classification_rules (rule_id, priority, field, match, words, except_words, line_item_type) values
    ('freight-word', 10, 'any', 'any_word', '{FREIGHT,SHIPPING,S&H}', '{}', 'FREIGHT'),
    ('supply-category', 20, 'category', 'equals',
        '{FLUIDS,FLUID,GREASE,LUBRICANTS,CHEMICALS,CONSUMABLES,SHOP SUPPLIES}', '{}', 'SUPPLY'),
    ('fluid-word', 30, 'description', 'any_word',
        '{OIL,GREASE,FLUID,COOLANT,ANTIFREEZE,DEF,SOLVENT,CLEANER}',
        '{FILTER,SEAL,PAN,PUMP,COOLER,LINE,HOSE,GASKET,CAP,SENSOR,SPRING,COIL,KIT,TANK,PLUG,SWITCH,VALVE,FITTING,CARTRIDGE,ELEMENT,SEPARATOR,ZERK,GUN}',
        'SUPPLY'),
    ('shop-supply', 40, 'description', 'all_words', '{SHOP,SUPPLY}', '{}', 'SUPPLY'),
    ('shop-supplies', 41, 'description', 'all_words', '{SHOP,SUPPLIES}', '{}', 'SUPPLY');

-- One row per invoice: header, context, totals as the source states them, and how the lines reconcile.
create table base.fullbay__invoices (
    shop_id text not null,
    fullbay_invoice_id text not null,
    raw_data_id bigint not null,
    raw_version integer not null,
    content_hash text not null,
    material_hash text not null,
    transform_fingerprint text not null,
    invoice_number text,
    invoice_date date not null,
    due_date date,
    invoice_created_at timestamptz,
    exported boolean,
    quickbooks_id text,
    promise_to_pay_date date,
    shop_title text,
    shop_email text,
    shop_address text,
    customer_id text,
    customer text,
    customer_external_id text,
    customer_main_phone text,
    customer_secondary_phone text,
    customer_billing_address text,
    bill_to_customer text,
    fullbay_service_order_id text,
    so_number text,
    po_number text,
    service_order_created timestamptz,
    service_order_start_date timestamptz,
    service_order_completion_date timestamptz,
    unit_id text,
    unit text,
    unit_nickname text,
    unit_type text,
    unit_subtype text,
    unit_year text,
    unit_make text,
    unit_model text,
    unit_vin text,
    unit_vin_is_valid boolean,
    unit_license_plate text,
    primary_technician text,
    primary_technician_number text,
    parts_total numeric(14, 2),
    parts_cost_total numeric(14, 2),
    labor_total numeric(14, 2),
    labor_hours_total numeric(12, 4),
    actual_hours_total numeric(12, 4),
    sublet_labor_total numeric(14, 2),
    supplies_total numeric(14, 2),
    supplies_overridden boolean,
    misc_charge_total numeric(14, 2),
    service_call_total numeric(14, 2),
    mileage_total numeric(14, 2),
    mileage_cost_total numeric(14, 2),
    sub_total numeric(14, 2),
    tax_title text,
    tax_rate numeric(7, 4),
    tax_total numeric(14, 2),
    total numeric(14, 2),
    balance numeric(14, 2),
    supplies_taxable boolean,
    quantity_rule text not null,
    other_quantity_rule_matches boolean,
    line_count integer not null,
    dropped_parts integer not null,
    lines_parts numeric(14, 2) not null,
    lines_labor numeric(14, 2) not null,
    lines_supplies numeric(14, 2) not null,
    lines_misc numeric(14, 2) not null,
    lines_service_call numeric(14, 2) not null,
    lines_mileage numeric(14, 2) not null,
    lines_sublet numeric(14, 2) not null,
    lines_subtotal numeric(14, 2) not null,
    lines_tax numeric(14, 2),
    gap_parts numeric(14, 2),
    gap_labor numeric(14, 2),
    gap_supplies numeric(14, 2),
    gap_misc numeric(14, 2),
    gap_service_call numeric(14, 2),
    gap_mileage numeric(14, 2),
    gap_subtotal numeric(14, 2),
    gap_tax numeric(14, 2),
    header_equation_holds boolean,
    reconciliation_status text not null check (reconciliation_status in ('RECONCILED', 'ROUNDING', 'UNRECONCILED')),
    run_id uuid not null,
    processed_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (shop_id, fullbay_invoice_id)
);
create index fullbay__invoices_date on base.fullbay__invoices (invoice_date);
create index fullbay__invoices_arrival on base.fullbay__invoices (landed_xid);

create table base.fullbay__line_items (
    id bigint generated always as identity unique,
    shop_id text not null,
    fullbay_invoice_id text not null,
    line_no integer not null,
    line_key text not null,
    raw_version integer not null,
    line_item_type text not null check (
        line_item_type in ('PART', 'SUPPLY', 'FREIGHT', 'LABOR', 'MISC', 'SHOP_SUPPLIES', 'SERVICE_CALL', 'MILEAGE', 'SUBLET')
    ),
    classified_by text,
    fullbay_complaint_id text,
    complaint_type text,
    complaint_subtype text,
    complaint_note text,
    complaint_cause text,
    complaint_authorized boolean,
    fullbay_correction_id text,
    correction_title text,
    correction_performed text,
    component text,
    system text,
    global_service text,
    recommended_correction text,
    service_description text,
    fullbay_part_id text,
    part_ids text[],
    part_count integer,
    part_description text,
    shop_part_number text,
    vendor_part_number text,
    part_category text,
    misc_charge_id text,
    labor_description text,
    labor_rate_type text,
    labor_taxable_source text,
    assigned_technician text,
    assigned_technician_number text,
    technician_assignment_id text,
    technician_key text,
    technician_portion numeric(7, 3),
    quantity numeric(14, 4),
    to_be_returned_quantity numeric(14, 4),
    returned_quantity numeric(14, 4),
    so_hours numeric(12, 4),
    labor_hours numeric(12, 4),
    unit_cost numeric(14, 4),
    unit_price numeric(14, 4),
    line_cost numeric(14, 2),
    line_total numeric(14, 2) not null,
    price_overridden boolean,
    taxable boolean,
    tax_rate numeric(7, 4),
    line_tax numeric(14, 2),
    sales_total numeric(14, 2) not null,
    inventory_item boolean,
    core_type text,
    sublet boolean,
    quickbooks_account text,
    quickbooks_item text,
    quickbooks_item_type text,
    ingestion_timestamp timestamptz not null default now(),
    ingestion_source text not null default 'fullbay_api',
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (shop_id, fullbay_invoice_id, line_no),
    foreign key (shop_id, fullbay_invoice_id) references base.fullbay__invoices on delete cascade
);
create unique index fullbay__line_items_key on base.fullbay__line_items (shop_id, fullbay_invoice_id, line_key);

-- A tax line of an invoice (an invoice can carry several rates).
create table base.fullbay__invoice_taxes (
    shop_id text not null,
    fullbay_invoice_id text not null,
    tax_no integer not null,
    tax_title text,
    tax_rate numeric(7, 4),
    tax_total numeric(14, 2),
    primary key (shop_id, fullbay_invoice_id, tax_no),
    foreign key (shop_id, fullbay_invoice_id) references base.fullbay__invoices on delete cascade
);

-- What was odd about an invoice that was accepted all the same.
create table base.fullbay__invoice_warnings (
    shop_id text not null,
    fullbay_invoice_id text not null,
    warning_no integer not null,
    code text not null,
    path text not null,
    value text,
    message text not null,
    primary key (shop_id, fullbay_invoice_id, warning_no),
    foreign key (shop_id, fullbay_invoice_id) references base.fullbay__invoices on delete cascade
);

-- Each re-issue that changed what matters, with both totals.
create table base.fullbay__invoice_changes (
    shop_id text not null,
    fullbay_invoice_id text not null,
    from_version integer not null,
    to_version integer not null,
    old_total numeric(14, 2),
    new_total numeric(14, 2),
    old_line_count integer not null,
    new_line_count integer not null,
    changed_at timestamptz not null default now(),
    run_id uuid not null,
    primary key (shop_id, fullbay_invoice_id, to_version)
);

comment on table raw.fullbay__invoices is 'Invoices as Fullbay sent them: the newest version of each is current, earlier distinct versions stay.';
comment on table raw.fullbay__missing_invoices is 'Invoices that a later reading of their whole window no longer brought.';
comment on table base.fullbay__classification_rules is 'The words that tell a SUPPLY or FREIGHT line from a PART; edit them, the next run flattens anew.';
comment on table base.fullbay__invoices is 'One row per invoice: context, totals as the source states them, and how the lines reconcile.';
comment on table base.fullbay__line_items is 'The lines of each invoice: parts grouped per correction, labour per technician, charges.';
comment on table base.fullbay__invoice_taxes is 'The tax lines of each invoice.';
comment on table base.fullbay__invoice_warnings is 'What was odd about an invoice that was accepted all the same.';
comment on table base.fullbay__invoice_changes is 'Each re-issue that changed what matters, with both totals.';
