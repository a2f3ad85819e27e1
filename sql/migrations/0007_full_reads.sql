-- What Geotab no longer has although no feed told of it, and diagnostics that go by more than one id.

-- Since when a full read no longer found the record; null as long as the source has it. The row stays, so that what
-- happened before is told by its name.
alter table base.geotab__devices add column removed_at timestamptz;
alter table base.geotab__users add column removed_at timestamptz;
alter table base.geotab__zones add column removed_at timestamptz;
alter table base.geotab__rules add column removed_at timestamptz;
alter table base.geotab__diagnostics add column removed_at timestamptz;

-- When each kind was last read whole, to its end.
create table ops.full_reads (
    feed text not null,
    connection text not null,
    read_at timestamptz not null,
    run_id uuid not null,
    -- Records that the source has.
    records integer not null,
    -- Records that were found to be gone by this reading.
    removed integer not null,
    primary key (feed, connection)
);

-- Every id that a diagnostic with more than one has or had: Geotab gives some a name for an id in place of a GUID.
create table base.geotab__diagnostic_aliases (
    connection text not null,
    alias_id text not null,
    -- The id that it has now; of that id there is a row too.
    diagnostic_id text not null,
    -- The first one known of it, which stays the same however often it changes.
    first_id text not null,
    -- 'source' (asked for this id, it answers with the other), 'likeness' (this id is gone, and one new record alone is
    -- like it), 'current' (the id that it has now).
    noticed_by text not null check (noticed_by in ('source', 'likeness', 'current')),
    noticed_at timestamptz not null default now(),
    landed_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, alias_id)
);
create index geotab__diagnostic_aliases_diagnostic on base.geotab__diagnostic_aliases (connection, diagnostic_id);

comment on table ops.full_reads is 'When each kind of record whose removal no feed tells was last read whole.';
comment on table base.geotab__diagnostic_aliases is 'Ids of diagnostics that go by more than one: each with the one that it has now.';
