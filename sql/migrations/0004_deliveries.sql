-- Deliveries: what is to be sent where, under a name that is fixed before the first attempt. The
-- row stays as the receipt; the bytes are dropped some time after they arrived.
create table ops.deliveries (
    delivery_id uuid primary key,
    report text not null,
    connection text not null,
    destination text not null,
    folder text not null,
    file_name text not null,
    part_number integer not null default 1,
    parts integer not null default 1,
    window_start timestamptz,
    window_end timestamptz,
    rows integer not null check (rows >= 0),
    bytes integer not null check (bytes >= 0),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    source_watermark text,
    status text not null default 'planned'
        check (status in ('planned', 'sending', 'delivered', 'failed', 'conflict')),
    -- All attempts so far, which also number the remote part files; and those made before a person
    -- last asked for another round.
    attempts integer not null default 0,
    attempts_before integer not null default 0,
    next_attempt_at timestamptz not null,
    error_code text,
    error_message text,
    run_id uuid,
    created_at timestamptz not null,
    delivered_at timestamptz,
    -- The file had been there already, whole, when it was last sent: the answer to an earlier attempt was lost.
    was_there boolean,
    remote_size bigint,
    remote_modified_at timestamptz,
    server_address text,
    server_fingerprint text,
    read_back boolean,
    seconds numeric(12, 3),
    check (part_number between 1 and parts),
    check (attempts >= attempts_before),
    check ((status = 'delivered') = (delivered_at is not null)),
    unique (destination, folder, file_name)
);
create index deliveries_due on ops.deliveries (destination, next_attempt_at) where status in ('planned', 'sending');
create index deliveries_report on ops.deliveries (report, window_end desc);
create index deliveries_delivered_at on ops.deliveries (delivered_at);

create table ops.delivery_files (
    delivery_id uuid primary key references ops.deliveries on delete cascade,
    content bytea not null
);

create table ops.delivery_attempts (
    delivery_id uuid not null references ops.deliveries on delete cascade,
    attempt integer not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    outcome text check (outcome in ('delivered', 'retry', 'failed', 'conflict', 'interrupted')),
    error_code text,
    error_message text,
    primary key (delivery_id, attempt),
    check ((outcome is null) = (ended_at is null))
);

-- A destination that failed as a whole is left alone until open_until, however many files wait.
create table ops.delivery_breakers (
    destination text primary key,
    failures integer not null check (failures > 0),
    open_until timestamptz not null,
    error_code text not null,
    error_message text not null,
    updated_at timestamptz not null
);

comment on table ops.deliveries is 'Files to deliver and their receipts: what, where to, under which fixed name, how it ended.';
comment on table ops.delivery_files is 'The bytes of the deliveries, dropped some time after they arrived.';
comment on table ops.delivery_attempts is 'Every try to deliver a file: when it began and ended, and how.';
comment on table ops.delivery_breakers is 'Destinations that failed as a whole (network, host key, login) and until when they are left alone.';
