-- Chevin's vehicle file: what came, what was planned from it, and every change that was made in Geotab.

alter table ops.steps drop constraint steps_kind_check;
alter table ops.steps add constraint steps_kind_check
    check (kind in ('extract', 'transform', 'enrich', 'build', 'deliver', 'sync'));

-- A file as it was read, once for each time that its content came anew.
create table raw.chevin__vehicle_files (
    file_id uuid primary key,
    file_number bigint generated always as identity,
    connection text not null,
    path text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    bytes integer not null,
    modified_at timestamptz not null,
    content bytea not null,
    encoding text,
    -- taken: its rows landed; rejected: it cannot be read at all.
    outcome text not null check (outcome in ('taken', 'rejected')),
    reason text,
    rows integer not null default 0,
    bad_rows integer not null default 0,
    times_seen integer not null default 1,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    run_id uuid,
    -- The name it gets on the server once it is dealt with: fixed before the first attempt to move it.
    archive_path text,
    archived_at timestamptz,
    archive_problem text
);
create index chevin__vehicle_files_newest on raw.chevin__vehicle_files (connection, file_number desc);
create index chevin__vehicle_files_sha256 on raw.chevin__vehicle_files (connection, sha256);

-- The rows of the files, verbatim: the key is the file's hash and the line.
create table raw.chevin__vehicle_rows (like raw.fullbay__invoices including all);

create table ops.sync_plans (
    plan_id uuid primary key,
    connection text not null,
    file_id uuid not null references raw.chevin__vehicle_files,
    status text not null
        check (status in ('planned', 'needs_approval', 'applying', 'done', 'superseded')),
    -- Of the rows and the rules: the same file over the same fleet by the same rules is the same plan.
    fingerprint text not null,
    rules jsonb not null,
    warnings text[] not null,
    fleet integer not null,
    rows integer not null,
    changes integer not null,
    change_limit integer not null,
    created_at timestamptz not null,
    created_by_run uuid,
    approved_at timestamptz,
    approved_by text,
    began_at timestamptz,
    ended_at timestamptz,
    result_name text,
    result bytea,
    check ((status = 'done') = (ended_at is not null and result is not null))
);
create index sync_plans_newest on ops.sync_plans (connection, created_at desc);
create unique index sync_plans_one_open on ops.sync_plans (connection)
    where status in ('planned', 'needs_approval', 'applying');

create table ops.sync_plan_rows (
    plan_id uuid not null references ops.sync_plans on delete cascade,
    line integer not null,
    decision text not null check (decision in ('change', 'unchanged', 'reject')),
    reasons text[] not null,
    warnings text[] not null,
    explanation text not null,
    device_id text,
    row_device_id text not null,
    row_serial_number text not null,
    fields text[] not null,
    before jsonb,
    after jsonb,
    primary key (plan_id, line)
);

-- The audit: a row is committed before the call that makes the change, and ended after it was read back.
create table ops.device_updates (
    update_id bigint generated always as identity primary key,
    plan_id uuid not null references ops.sync_plans,
    line integer not null,
    connection text not null,
    device_id text not null,
    file_path text not null,
    file_sha256 text not null,
    fields text[] not null,
    before jsonb not null,
    after jsonb not null,
    -- Fields that the plan would change and that somebody else had changed meanwhile.
    left_alone text[] not null,
    -- How often it was sent, and how many passes over the plan it failed in without that being final.
    attempts integer not null default 0,
    troubles integer not null default 0,
    intended_at timestamptz not null,
    outcome text check (outcome in ('applied', 'already', 'left_alone', 'rejected', 'failed')),
    read_back jsonb,
    error_code text,
    error_message text,
    ended_at timestamptz,
    -- When it ended by this server's clock, by which feeds are read too.
    settled_at timestamptz,
    run_id uuid,
    unique (plan_id, line),
    check ((outcome is null) = (ended_at is null))
);
create index device_updates_device on ops.device_updates (connection, device_id, intended_at desc);

comment on table raw.chevin__vehicle_files is 'Vehicle files of Chevin, byte for byte, with what became of the reading of each.';
comment on table raw.chevin__vehicle_rows is 'The rows of the vehicle files, verbatim, by the hash of the file and the line.';
comment on table ops.sync_plans is 'What a vehicle file would change in Geotab, and how far that has come.';
comment on table ops.sync_plan_rows is 'The decision on each row of a vehicle file, with old and new values.';
comment on table ops.device_updates is 'Every change of a device in Geotab: before, after, from which file and row, when, and what was read back.';
