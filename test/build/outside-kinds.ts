/** Something outside that hangs on the table marts.a (id, name, amount). */
interface OutsideKind {
  kind: string
  /** How it is made; its owner may be ann. */
  made: string
  /** What shows that it works with the new table, where ids are 2 and 3. */
  works: string
  shows: unknown
  /** What no longer fits when `name` is gone, `id` is text, and there is a row that nobody wanted. */
  broken: string[]
}

/** One of each kind, some of them owned by the roles ann and bob. */
export const outsideKinds = (ann: string, bob: string): OutsideKind[] => [
  {
    kind: 'a view with options, comments, grants and an owner',
    made: `create view outside.v with (security_barrier, security_invoker = true) as select id, name from marts.a where id > 1 with local check option;
      comment on view outside.v is 'it''s'; comment on column outside.v.name is 'Names';
      alter view outside.v owner to ${ann}; grant select on outside.v to ${bob} with grant option;
      grant update (name) on outside.v to public; revoke delete on outside.v from ${ann}`,
    works: 'select string_agg(id::text, $$,$$ order by id) as shows from outside.v',
    shows: '2,3',
    broken: ['view outside.v: column '],
  },
  {
    kind: 'a recursive view, with a trigger and a rule',
    made: `create recursive view outside.v (n) as select min(id) from marts.a union all select n + 1 from v where n < 5;
      create function outside.g() returns trigger language plpgsql as 'begin return null; end';
      create trigger "Put it" instead of insert on outside.v for each row execute function outside.g();
      comment on trigger "Put it" on outside.v is 'Nowhere';
      create rule never as on delete to outside.v do instead nothing`,
    works: 'delete from outside.v; select count(*)::int as shows from outside.v',
    shows: 4,
    broken: ['view outside.v: ', 'trigger "Put it" on outside.v: ', 'rule never on outside.v: '],
  },
  {
    kind: 'a materialized view with indexes',
    made: `create materialized view outside.m with (fillfactor = 50) as select id, name from marts.a;
      create unique index mine on outside.m (id) where id > 0; comment on index outside.mine is 'Mine';
      create statistics outside.of_m on id, name from outside.m;
      alter materialized view outside.m owner to ${ann}; grant select (name) on outside.m to ${bob};
      comment on materialized view outside.m is 'M'`,
    works: 'select string_agg(id::text, $$,$$ order by id) as shows from outside.m',
    shows: '2,3',
    broken: ['materialized view outside.m: column ', 'statistics outside.of_m: '],
  },
  {
    kind: 'a materialized view that was never filled',
    made: 'create materialized view outside.m as select name from marts.a with no data',
    works: `select relispopulated as shows from pg_class where oid = 'outside.m'::regclass`,
    shows: false,
    broken: ['materialized view outside.m: column '],
  },
  {
    kind: 'functions with a body of SQL, and of row types',
    made: `create function outside.f() returns setof marts.a begin atomic select * from marts.a where name <> ''; end;
      create function outside.of_row(a marts.a) returns text language sql immutable as 'select ($1).name';
      create function outside.of_rows(variadic rows marts.a[] default '{}') returns integer language plpgsql security definer as 'begin return 7; end';
      create procedure outside.p(like_this marts.a default null) language sql as 'select 1';
      alter function outside.f() owner to ${bob}; revoke execute on function outside.f() from public;
      grant execute on function outside.f() to ${ann}; comment on function outside.of_row is 'Name of a row';
      comment on procedure outside.p is 'Nothing'`,
    works:
      'call outside.p(); select string_agg(outside.of_row(a), $$,$$ order by id) as shows from marts.a where id in (select outside.of_rows(a) - 5 from marts.a)',
    shows: 'two',
    broken: ['function outside.f(): ', 'function outside.of_row(marts.a): column "name" not found'],
  },
  {
    kind: 'a trigger that is disabled',
    made: `create function outside.g() returns trigger language plpgsql as 'begin return null; end';
      create trigger watch before update of name on marts.a for each row when (old.name is distinct from 'x') execute function outside.g();
      comment on trigger watch on marts.a is 'Watches'; alter table marts.a disable trigger watch`,
    works: `alter table marts.a enable trigger watch; update marts.a set name = 'y'; select min(name) as shows from marts.a`,
    shows: 'three',
    broken: ['trigger watch on marts.a: '],
  },
  {
    kind: 'a rule',
    made: `create table outside.log (id integer); create rule noted as on insert to marts.a do also insert into outside.log values (new.id + length(new.name));
      alter table marts.a enable always rule noted`,
    works: `insert into marts.a values (0, 7, 'four'); select id as shows from outside.log`,
    shows: 11,
    broken: ['rule noted on marts.a: '],
  },
  {
    kind: 'policies and row level security',
    made: `alter table marts.a enable row level security; alter table marts.a force row level security;
      create policy few on marts.a as restrictive for update to ${ann}, ${bob} using (name <> 'two') with check (id > 0);
      create policy readers on marts.a for select using (id = 3); comment on policy few on marts.a is 'Some';
      create table outside.b (id integer); create policy known on outside.b using (id in (select id from marts.a))`,
    works: `set role ${ann}; create temp view seen as select id from marts.a; select max(id) + count(*)::int * 10 as shows from seen; `,
    shows: 13,
    broken: ['policy few on marts.a: ', 'policy readers on marts.a: ', 'policy known on outside.b: '],
  },
  {
    kind: 'extended statistics, replica identity and publications',
    made: `create statistics outside.s (ndistinct) on id, name from marts.a; alter statistics outside.s set statistics 50;
      alter statistics outside.s owner to ${ann}; comment on statistics outside.s is 'S'; alter table marts.a replica identity full;
      create publication feed for table marts.a (name, id) where (id > 1)`,
    works: `select n_distinct::text as shows from pg_stats_ext where statistics_name = 's'`,
    shows: '{"2, 3": 2}',
    broken: ['statistics outside.s: ', 'publication marts.a in publication feed: '],
  },
  {
    kind: 'a foreign key',
    made: `create table outside.b (id integer primary key, a_id integer constraint "To a" references marts.a (id) on delete cascade deferrable);
      insert into outside.b values (1, 2); comment on constraint "To a" on outside.b is 'A'; alter table outside.b owner to ${ann}`,
    works: 'delete from marts.a; select count(*)::int as shows from outside.b',
    shows: 0,
    broken: ['foreign key "To a" on outside.b: '],
  },
  {
    kind: 'a chain: a view of a function of a materialized view of a view, of two owners',
    made: `create view outside.z as select * from marts.a; alter view outside.z owner to ${ann}; grant select on outside.z to ${bob};
      create materialized view outside.y as select id, name from outside.z; alter materialized view outside.y owner to ${bob};
      create function outside.x() returns setof outside.y begin atomic select * from outside.y; end;
      create view outside.w as select x.name, marts.a.amount from outside.x() join marts.a using (id)`,
    works: 'select sum(amount)::int as shows from outside.w',
    shows: 50,
    broken: ['view outside.z: ', 'materialized view outside.y: ', 'function outside.x(): ', 'view outside.w: '],
  },
]
