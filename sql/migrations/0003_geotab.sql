-- What one or more Geotab databases said, and the typed rows made of it.

-- Two more kinds of steps: what needs several feeds at once, and what is sent out.
alter table ops.steps drop constraint steps_kind_check;
alter table ops.steps add constraint steps_kind_check
    check (kind in ('extract', 'transform', 'enrich', 'build', 'deliver'));
alter table ops.steps add column skipped bigint not null default 0;
alter table ops.pages add column skipped integer not null default 0;
comment on column ops.steps.skipped is 'Records that the settings leave out, such as readings that nobody chose; not part of fetched.';
comment on column ops.pages.skipped is 'Records that the settings leave out; not part of fetched.';

-- How often its steps are tried again; null: as the queue's settings say.
alter table ops.runs add column retries integer;
alter table ops.runs drop constraint runs_trigger_check;
alter table ops.runs add constraint runs_trigger_check check (trigger in ('manual', 'schedule', 'backfill'));

-- Entities of moderate number: the newest version of each record is current, earlier distinct ones stay.
create table raw.geotab__devices (like raw.fullbay__invoices including all);
create table raw.geotab__users (like raw.fullbay__invoices including all);
create table raw.geotab__zones (like raw.fullbay__invoices including all);
create table raw.geotab__rules (like raw.fullbay__invoices including all);
create table raw.geotab__diagnostics (like raw.fullbay__invoices including all);
create table raw.geotab__exception_events (like raw.fullbay__invoices including all);
create table raw.geotab__fault_data (like raw.fullbay__invoices including all);
create table raw.geotab__device_status_info (like raw.fullbay__invoices including all);
create table raw.geotab__driver_changes (like raw.fullbay__invoices including all);
create table raw.geotab__groups (like raw.fullbay__invoices including all);
create table raw.geotab__controllers (like raw.fullbay__invoices including all);
create table raw.geotab__sources (like raw.fullbay__invoices including all);
create table raw.geotab__failure_modes (like raw.fullbay__invoices including all);
create table raw.geotab__units_of_measure (like raw.fullbay__invoices including all);

-- The entities of great number are partitioned by the time they tell of. Partitions are made by the pipeline, ahead of
-- time and whenever a record needs one (db/partitions.ts); there is no default partition. Every key holds connection,
-- device and time, so that the tables can be distributed by device. A record is compared as it is: at this number a
-- hash in each row would cost more than it saves.
create table raw.geotab__log_records (
    connection text not null,
    device_id text not null,
    occurred_at timestamptz not null,
    record_key text not null,
    version integer not null,
    is_current boolean not null,
    payload jsonb not null,
    run_id uuid not null,
    first_seen_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id, occurred_at, record_key, version)
) partition by range (occurred_at);
create index geotab__log_records_arrival on raw.geotab__log_records (connection, landed_xid);

create table raw.geotab__status_data (
    like raw.geotab__log_records including all
) partition by range (occurred_at);
create table raw.geotab__trips (
    like raw.geotab__log_records including all
) partition by range (occurred_at);

comment on table raw.geotab__log_records is 'Positions as Geotab gives them (LogRecord), by the time they were taken.';
comment on table raw.geotab__status_data is 'Engine readings as Geotab gives them (StatusData), by the time they were taken.';
comment on table raw.geotab__trips is 'Trips as Geotab gives them, by their start: with the device that is what makes a trip one, however often its id changes.';

-- Which tables the pipeline keeps partitions for, and how long a span each partition covers.
create table ops.partitioned_tables (
    table_name text primary key,
    span text not null check (span in ('day', 'week', 'month'))
);
insert into ops.partitioned_tables (table_name, span) values
    ('raw.geotab__log_records', 'week'),
    ('raw.geotab__status_data', 'week'),
    ('raw.geotab__trips', 'month'),
    ('base.geotab__positions', 'week'),
    ('base.geotab__status_data', 'week'),
    ('base.geotab__trips', 'month'),
    ('base.geotab__trip_contexts', 'month');
comment on table ops.partitioned_tables is 'The tables that the pipeline makes partitions for, and the span of each new one. A longer or shorter span holds for partitions to come.';

create table base.geotab__positions (
    connection text not null,
    device_id text not null,
    recorded_at timestamptz not null,
    record_id text not null,
    latitude double precision,
    longitude double precision,
    speed_kmh double precision,
    -- Taken more than a day after it was read: a clock that is wrong, so never "the latest".
    is_future boolean not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id, recorded_at, record_id)
) partition by range (recorded_at);
create index geotab__positions_arrival on base.geotab__positions (landed_xid);

create table base.geotab__status_data (
    connection text not null,
    device_id text not null,
    diagnostic_id text not null,
    recorded_at timestamptz not null,
    record_id text not null,
    value double precision not null,
    is_future boolean not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id, diagnostic_id, recorded_at, record_id)
) partition by range (recorded_at);
create index geotab__status_data_arrival on base.geotab__status_data (landed_xid);

create table base.geotab__trips (
    connection text not null,
    device_id text not null,
    started_at timestamptz not null,
    trip_id text not null,
    driver_id text,
    stopped_at timestamptz,
    next_trip_started_at timestamptz,
    distance_m double precision,
    work_distance_m double precision,
    after_hours_distance_m double precision,
    driving_seconds numeric(18, 6),
    idling_seconds numeric(18, 6),
    stop_seconds numeric(18, 6),
    work_driving_seconds numeric(18, 6),
    work_stop_seconds numeric(18, 6),
    after_hours_driving_seconds numeric(18, 6),
    after_hours_stop_seconds numeric(18, 6),
    maximum_speed_kmh double precision,
    average_speed_kmh double precision,
    stop_latitude double precision,
    stop_longitude double precision,
    odometer_end_m double precision,
    engine_end_seconds double precision,
    is_after_hours_start boolean,
    is_after_hours_end boolean,
    is_seat_belt_off boolean,
    is_completed boolean not null,
    is_future boolean not null,
    deleted_at timestamptz,
    -- Another live trip of the device, made later, covers the same time: what is left of a recalculation.
    is_superseded boolean not null default false,
    warnings text[] not null,
    raw_version integer not null,
    -- Of all that a report shows; the row is written again only when it changes.
    material_hash text not null,
    transform_fingerprint text not null,
    first_landed_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id, started_at)
) partition by range (started_at);
create index geotab__trips_arrival on base.geotab__trips (landed_xid);
-- Rows come about in the order of their time: a few pages tell where the last day's are. So with the others below.
create index geotab__trips_time on base.geotab__trips using brin (started_at) with (pages_per_range = 16);

-- What a trip is seen to be when other feeds are laid beside it. Written anew whenever the trip or what stands beside it
-- changed, so that its arrival is the arrival of all that a report tells of the trip.
create table base.geotab__trip_contexts (
    connection text not null,
    device_id text not null,
    started_at timestamptz not null,
    zone_ids text[] not null,
    odometer_start_m double precision,
    -- How they are known: 'trip' (end less distance), 'bracketed' (between two readings), 'before' or 'after' (only one
    -- reading, on that side), 'none'.
    odometer_method text not null,
    -- Seconds to the farther reading that was used.
    odometer_gap_seconds double precision,
    engine_start_seconds double precision,
    engine_method text not null,
    latitude_e5 integer,
    longitude_e5 integer,
    -- Its address was not known yet; once it is, the row counts as arrived again.
    is_waiting boolean not null default false,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id, started_at)
) partition by range (started_at);
create index geotab__trip_contexts_arrival on base.geotab__trip_contexts (landed_xid);
create index geotab__trip_contexts_unsettled on base.geotab__trip_contexts (connection, device_id, started_at)
    where odometer_method not in ('trip', 'bracketed') or engine_method <> 'bracketed';
create index geotab__trip_contexts_time on base.geotab__trip_contexts using brin (started_at) with (pages_per_range = 16);
create index geotab__trip_contexts_waiting on base.geotab__trip_contexts (connection) where is_waiting;

create table base.geotab__exceptions (
    connection text not null,
    exception_id text not null,
    device_id text,
    driver_id text,
    rule_id text,
    diagnostic_id text,
    started_at timestamptz not null,
    ended_at timestamptz,
    duration_seconds numeric(18, 6),
    distance_m double precision,
    -- 'valid', 'invalid', 'dismissed', or the source's own word for a state we do not know.
    state text not null,
    is_ended boolean not null,
    is_future boolean not null,
    deleted_at timestamptz,
    source_created_at timestamptz,
    source_modified_at timestamptz,
    warnings text[] not null,
    raw_version integer not null,
    material_hash text not null,
    transform_fingerprint text not null,
    first_landed_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, exception_id)
);
create index geotab__exceptions_device on base.geotab__exceptions (connection, device_id, started_at);
create index geotab__exceptions_arrival on base.geotab__exceptions (landed_xid);
create index geotab__exceptions_time on base.geotab__exceptions using brin (started_at) with (pages_per_range = 16);

create table base.geotab__exception_contexts (
    connection text not null,
    exception_id text not null,
    latitude double precision,
    longitude double precision,
    -- 'interpolated', 'nearest', 'vendor' (Geotab interpolated it), 'none' (not known yet), 'unknown' (Geotab does not
    -- know either).
    position_method text not null,
    position_gap_seconds double precision,
    zone_ids text[] not null,
    latitude_e5 integer,
    longitude_e5 integer,
    -- Its address was not known yet; once it is, the row counts as arrived again.
    is_waiting boolean not null default false,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, exception_id)
);
create index geotab__exception_contexts_arrival on base.geotab__exception_contexts (landed_xid);
create index geotab__exception_contexts_unsettled on base.geotab__exception_contexts (connection, exception_id)
    where position_method in ('none', 'nearest', 'vendor');
create index geotab__exception_contexts_waiting on base.geotab__exception_contexts (connection) where is_waiting;

create table base.geotab__faults (
    connection text not null,
    fault_id text not null,
    device_id text,
    recorded_at timestamptz not null,
    diagnostic_id text,
    controller_id text,
    failure_mode_id text,
    fault_state text,
    effective_status text,
    occurrences integer,
    is_malfunction_lamp_on boolean,
    is_red_stop_lamp_on boolean,
    is_amber_warning_lamp_on boolean,
    is_protect_warning_lamp_on boolean,
    severity text,
    source_address integer,
    dismissed_at timestamptz,
    dismissed_by_user_id text,
    is_future boolean not null,
    warnings text[] not null,
    raw_version integer not null,
    material_hash text not null,
    transform_fingerprint text not null,
    first_landed_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, fault_id)
);
create index geotab__faults_device on base.geotab__faults (connection, device_id, recorded_at);
create index geotab__faults_arrival on base.geotab__faults (landed_xid);
create index geotab__faults_time on base.geotab__faults using brin (recorded_at) with (pages_per_range = 16);

create table base.geotab__fault_contexts (
    connection text not null,
    fault_id text not null,
    driver_id text,
    -- How the driver is known: 'trip' (the trip that covers the moment), 'driver_change', 'none'.
    driver_method text not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, fault_id)
);
create index geotab__fault_contexts_arrival on base.geotab__fault_contexts (landed_xid);

create table base.geotab__driver_changes (
    connection text not null,
    change_id text not null,
    device_id text not null,
    driver_id text,
    changed_at timestamptz not null,
    change_type text,
    is_future boolean not null,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, change_id)
);
create index geotab__driver_changes_device on base.geotab__driver_changes (connection, device_id, changed_at);
create index geotab__driver_changes_arrival on base.geotab__driver_changes (landed_xid);

create table base.geotab__device_status (
    connection text not null,
    device_id text not null,
    recorded_at timestamptz,
    latitude double precision,
    longitude double precision,
    speed_kmh double precision,
    bearing_degrees double precision,
    driver_id text,
    is_driving boolean,
    is_communicating boolean,
    is_historic_last_driver boolean,
    state_seconds numeric(18, 6),
    zone_ids text[] not null default '{}',
    latitude_e5 integer,
    longitude_e5 integer,
    is_future boolean not null,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id)
);

-- The newest reading of each chosen diagnostic, so that "now" does not cost a search through history.
create table base.geotab__latest_status (
    connection text not null,
    device_id text not null,
    diagnostic_id text not null,
    recorded_at timestamptz not null,
    value double precision not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id, diagnostic_id)
);
create table base.geotab__latest_positions (
    connection text not null,
    device_id text not null,
    recorded_at timestamptz not null,
    latitude double precision not null,
    longitude double precision not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id)
);

create table base.geotab__devices (
    connection text not null,
    device_id text not null,
    name text,
    serial_number text,
    device_type text,
    vin text,
    engine_vin text,
    license_plate text,
    license_state text,
    comment text,
    time_zone text,
    work_time_id text,
    group_ids text[] not null,
    device_plans text[] not null,
    active_from timestamptz,
    -- Null: for ever.
    active_to timestamptz,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, device_id)
);
create index geotab__devices_serial on base.geotab__devices (connection, serial_number);

create table base.geotab__users (
    connection text not null,
    user_id text not null,
    name text,
    first_name text,
    last_name text,
    employee_number text,
    -- Of the key that stands for the driver: the first NFC key with a serial number, else the first with one.
    key_serial_number text,
    is_driver boolean,
    company_group_ids text[] not null,
    driver_group_ids text[] not null,
    active_from timestamptz,
    active_to timestamptz,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, user_id)
);

create table base.geotab__zones (
    connection text not null,
    zone_id text not null,
    name text,
    comment text,
    external_reference text,
    zone_types text[] not null,
    group_ids text[] not null,
    -- The ring as [[longitude, latitude], ...], closed.
    ring jsonb not null,
    -- Square degrees after unwrapping; what orders zones that overlap.
    area double precision,
    is_displayed boolean,
    must_identify_stops boolean,
    -- Why the ring can never hold a point; null when it can.
    invalid_reason text,
    active_from timestamptz,
    active_to timestamptz,
    deleted_at timestamptz,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, zone_id)
);

create table base.geotab__rules (
    connection text not null,
    rule_id text not null,
    name text,
    comment text,
    base_type text,
    active_from timestamptz,
    active_to timestamptz,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, rule_id)
);

create table base.geotab__diagnostics (
    connection text not null,
    diagnostic_id text not null,
    name text,
    code integer,
    source_id text,
    controller_id text,
    diagnostic_type text,
    unit_of_measure_id text,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, diagnostic_id)
);

-- Controller, Source, FailureMode, UnitOfMeasure: an id, a name, sometimes a code.
create table base.geotab__references (
    connection text not null,
    entity text not null check (entity in ('controller', 'source', 'failure_mode', 'unit_of_measure')),
    reference_id text not null,
    name text,
    code integer,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, entity, reference_id)
);

create table base.geotab__groups (
    connection text not null,
    group_id text not null,
    name text,
    comment text,
    reference text,
    child_ids text[] not null,
    -- Names from the root down, one path for each way to the group, joined by ' > '.
    paths text[] not null default '{}',
    ancestor_ids text[] not null default '{}',
    depth integer,
    raw_version integer not null,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, group_id)
);

-- What was found out about a Geotab database, such as the unit of its trips' distances.
create table base.geotab__settings (
    connection text not null,
    name text not null,
    value text not null,
    decided_at timestamptz not null default now(),
    primary key (connection, name)
);

-- Ids that records refer to and that the source does not know, so that they are not asked for at every run.
create table base.geotab__unknown_references (
    connection text not null,
    entity text not null,
    reference_id text not null,
    asked_at timestamptz not null default now(),
    primary key (connection, entity, reference_id)
);

-- Addresses by coordinate, rounded to 5 decimals (about a metre).
create table base.geotab__addresses (
    connection text not null,
    latitude_e5 integer not null,
    longitude_e5 integer not null,
    -- 'wanted' (not asked yet), 'found', 'none' (there is no address), 'failed' (to be asked again).
    status text not null check (status in ('wanted', 'found', 'none', 'failed')),
    address text,
    attempts integer not null default 0,
    wanted_at timestamptz not null default now(),
    asked_at timestamptz,
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, latitude_e5, longitude_e5)
);
create index geotab__addresses_open on base.geotab__addresses (connection, wanted_at) where status in ('wanted', 'failed');

-- What was sent of each row of a report: a row is sent again only when what it tells has changed.
create table ops.report_rows (
    report text not null,
    connection text not null,
    row_key text not null,
    content_hash text not null,
    delivery_id uuid not null,
    -- How often the row was sent: 1, or more after corrections.
    deliveries integer not null default 1,
    sent_at timestamptz not null default now(),
    -- Since when the source says that there is no such row; what was sent stays sent.
    retracted_at timestamptz,
    primary key (report, connection, row_key)
);
create index report_rows_delivery on ops.report_rows (delivery_id);

-- Cursors that a person had forgotten, with what they were.
create table ops.cursor_resets (
    reset_id bigint generated always as identity primary key,
    feed text not null,
    connection text not null,
    value jsonb not null,
    reset_at timestamptz not null default now()
);

-- One row per trouble that a person should know of, from when it began to when it was over.
create table ops.alerts (
    alert_id bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    severity text not null check (severity in ('warning', 'critical')),
    message text not null,
    next_step text not null,
    run_id uuid,
    occurrences integer not null default 1,
    began_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    ended_at timestamptz
);
create unique index alerts_one_open_per_subject on ops.alerts (kind, subject) where ended_at is null;

comment on table ops.report_rows is 'What was last sent of each row of a report, and in which file.';
comment on table ops.alerts is 'Troubles that a person should know of: one row from the beginning of each to its end.';
comment on table base.geotab__trips is 'Trips, one row per device and start, whatever id the source gives them today.';
comment on table base.geotab__trip_contexts is 'What other feeds tell of a trip: zones of its stop, odometer and engine hours at its start.';
comment on table base.geotab__exceptions is 'Events by which a rule was broken, in their newest state.';
comment on table base.geotab__exception_contexts is 'Where the vehicle was when an exception began.';
comment on table base.geotab__fault_contexts is 'Who drove when a fault was recorded.';
comment on table base.geotab__addresses is 'Addresses of coordinates: cache and list of what is still to be asked.';
