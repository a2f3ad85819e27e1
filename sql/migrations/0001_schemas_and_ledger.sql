-- Schemas: raw (what a source said), base (typed rows made by transforms), the model layers,
-- fuel (what people enter) and ops (runs, cursors, windows, quarantine: beside every arrow).
create schema raw;
create schema base;
create schema staging;
create schema intermediate;
create schema marts;
create schema reports;
create schema fuel;
create schema ops;

-- One row per configured account of a source (a Fullbay shop, a Geotab database), copied from the
-- configuration at the start of each run. Never a secret.
create table ops.connections (
    source text not null,
    connection text not null,
    name text not null,
    time_zone text not null,
    is_sandbox boolean not null,
    is_active boolean not null default true,
    updated_at timestamptz not null default now(),
    primary key (source, connection)
);

-- A run. At most one is running per lane: the partial unique index is the last line of defence,
-- an advisory lock held by the owner tells whether the one that runs is still alive.
create table ops.runs (
    run_id uuid primary key,
    lane text not null,
    trigger text not null check (trigger in ('manual', 'schedule')),
    status text not null check (status in ('running', 'succeeded', 'partial', 'failed', 'interrupted')),
    owner text not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    fetched bigint not null default 0,
    landed bigint not null default 0,
    unchanged bigint not null default 0,
    quarantined bigint not null default 0,
    error_code text,
    error_message text
);
create unique index runs_one_running_per_lane on ops.runs (lane) where status = 'running';
create index runs_started_at on ops.runs (started_at desc);

create table ops.steps (
    run_id uuid not null references ops.runs on delete cascade,
    step text not null,
    kind text not null check (kind in ('extract', 'transform', 'build')),
    feed text,
    connection text,
    status text not null check (status in ('pending', 'running', 'succeeded', 'failed', 'skipped')),
    job_id uuid,
    attempts integer not null default 0,
    started_at timestamptz,
    finished_at timestamptz,
    pages integer not null default 0,
    windows_total integer not null default 0,
    windows_done integer not null default 0,
    fetched bigint not null default 0,
    landed bigint not null default 0,
    unchanged bigint not null default 0,
    quarantined bigint not null default 0,
    plan jsonb,
    output jsonb,
    error_code text,
    error_message text,
    primary key (run_id, step)
);

-- How far the reading of each requested window has come. A window is done only when every record
-- the source announced for it has been counted.
create table ops.windows (
    run_id uuid not null references ops.runs on delete cascade,
    feed text not null,
    connection text not null,
    window_start date not null,
    window_end date not null,
    status text not null check (status in ('pending', 'done', 'split')),
    next_page integer not null default 1,
    total_count integer,
    fetched integer not null default 0,
    restarts integer not null default 0,
    finished_at timestamptz,
    primary key (run_id, feed, connection, window_start, window_end)
);

-- The receipt of a landed page, written in the page's own transaction.
create table ops.pages (
    page_id bigint generated always as identity primary key,
    run_id uuid not null references ops.runs on delete cascade,
    feed text not null,
    connection text not null,
    window_start date,
    window_end date,
    page integer not null,
    fetched integer not null,
    landed integer not null,
    unchanged integer not null,
    quarantined integer not null,
    record_keys text[] not null,
    landed_at timestamptz not null default now()
);
create index pages_feed_window on ops.pages (feed, connection, window_start, window_end, landed_at);
create index pages_run on ops.pages (run_id);

create table ops.cursors (
    feed text not null,
    connection text not null,
    value jsonb not null,
    run_id uuid not null,
    updated_at timestamptz not null default now(),
    primary key (feed, connection)
);

-- Bad records with their reason. `stage` is where the record was refused: on landing (it cannot be
-- keyed) or in the transform (it cannot be read). The same record refused again is the same row.
create table ops.quarantine (
    quarantine_id bigint generated always as identity primary key,
    feed text not null,
    connection text not null,
    stage text not null check (stage in ('land', 'transform')),
    record_key text,
    raw_version integer,
    content_hash text not null,
    payload jsonb not null,
    code text not null,
    path text not null,
    message text not null,
    state text not null default 'open' check (state in ('open', 'retry', 'resolved', 'ignored')),
    attempts integer not null default 1,
    run_id uuid,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    resolved_at timestamptz
);
create unique index quarantine_one_open_per_record
    on ops.quarantine (feed, connection, stage, content_hash) where state in ('open', 'retry');
create index quarantine_state on ops.quarantine (state, feed, connection);

-- How far each incremental consumer has read a relation, by arrival. A watermark is a transaction
-- id below which everything had settled when the consumer looked; see ops.next_watermark().
create table ops.consumers (
    consumer text primary key,
    watermark xid8 not null,
    -- Of the rules the consumer worked by: under others it has read nothing yet.
    fingerprint text not null default '',
    system_identifier bigint not null,
    updated_at timestamptz not null default now()
);

-- The lowest transaction that was still open when this snapshot was taken: rows of every lower one
-- are visible or will never be. A consumer that reads "landed_xid >= its watermark" and then stores
-- this value cannot skip the rows of a transaction that commits late; at worst it reads them twice.
create function ops.next_watermark() returns xid8
    language sql volatile
    return pg_snapshot_xmin(pg_current_snapshot());

-- A consumer's watermark, or 0 (read everything) when it has none, when it last worked by other rules, or when the
-- database was restored into another cluster, whose transaction ids do not compare with the stored ones.
create function ops.watermark_of(consumer_name text, rules text default '') returns xid8
    language sql stable
    return coalesce(
        (
            select c.watermark
            from ops.consumers as c
            where c.consumer = consumer_name
                and c.fingerprint = rules
                and c.system_identifier = (select s.system_identifier from pg_control_system() as s)
        ),
        '0'::xid8
    );

create function ops.advance_watermark(consumer_name text, new_watermark xid8, rules text default '') returns void
    language sql volatile
    begin atomic
        insert into ops.consumers (consumer, watermark, fingerprint, system_identifier)
        values (consumer_name, new_watermark, rules, (select s.system_identifier from pg_control_system() as s))
        on conflict (consumer) do update
            set watermark = excluded.watermark,
                fingerprint = excluded.fingerprint,
                system_identifier = excluded.system_identifier,
                updated_at = now();
    end;

comment on table ops.connections is 'The configured accounts of the sources (a Fullbay shop), as of the last run. Never a secret.';
comment on table ops.runs is 'One row per run of the pipeline: who began it, how it ended, and its counts.';
comment on table ops.steps is 'The steps of each run: readings, transforms and the build, with their counts and last error.';
comment on table ops.windows is 'How far the reading of each requested span of days has come.';
comment on table ops.pages is 'The receipt of each landed page, with the keys of all its records.';
comment on table ops.cursors is 'How far each feed of each connection has been read.';
comment on table ops.quarantine is 'Records that were refused, as they came, with the reason.';
comment on table ops.consumers is 'How far each incremental consumer has read, by arrival (see ops.next_watermark).';
