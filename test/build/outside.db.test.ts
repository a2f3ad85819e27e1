import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dropOutside, readOutside, recreateOutside, type OutsideObjects } from '../../build/run/outside.ts'
import { sessionOver } from '../../build/run/session.ts'
import { clientConfig } from '../../db/pool.ts'
import { messageOf } from '../../core/errors.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { outsideKinds } from './outside-kinds.ts'

let database: TestDatabase
let client: Client
// Roles belong to the whole server: each run has its own.
const ann = `ann_${process.pid}_${Date.now()}`
const bob = `bob_${process.pid}_${Date.now()}`

beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
  client = new Client(clientConfig(database.url))
  await client.connect()
  await client.query(`create role ${ann}; create role ${bob}`)
})
beforeEach(async () => {
  await client.query(`
    drop schema if exists marts, outside, gone cascade;
    drop publication if exists feed;
    create schema marts; create schema outside; create schema gone;
    grant usage, create on schema marts, outside to ${ann}, ${bob};
    create table marts.a (id integer not null, name text, amount integer);
    create unique index on marts.a (id);
    insert into marts.a values (1, 'one', 10), (2, 'two', 20);
    grant select on marts.a to ${ann}, ${bob};
  `)
})
afterAll(async () => {
  await client.query(`drop owned by ${ann}, ${bob} cascade; drop role ${ann}, ${bob}`)
  await client.end()
  await database.drop()
})

// Compiling the query of the state takes a second, running it a millisecond.
const stateOf = async () => {
  await client.query('set jit = off')
  return rowsOf(STATE)
}
const rowsOf = async (sql: string) => (await client.query(sql)).rows as Record<string, unknown>[]

const oidsOf = async (...names: string[]) =>
  (await rowsOf(`select oid from pg_class where oid = any ('{${names.join()}}'::regclass[])`)).map(
    (row) => row['oid'] as number,
  )

const ALIKE = `create table marts.a as select amount, id, name from gone.a where id > 1 union all select 30, 3, 'three';
  create unique index on marts.a (id); grant select on marts.a to ${ann}, ${bob}`

/** Puts another table in the place of marts.a; rolls back when that fails. */
async function swap(successor = ALIKE): Promise<OutsideObjects> {
  const session = sessionOver(client)
  await client.query('begin')
  try {
    const outside = await readOutside(session, await oidsOf('marts.a'))
    await session.script(dropOutside(outside.objects))
    await client.query(`alter table marts.a set schema gone; ${successor}; drop table gone.a`)
    await recreateOutside(session, outside.objects)
    expect(await rowsOf(`select current_setting('search_path') as path, current_setting('check_function_bodies') as bodies`))
      .toEqual([{ path: '"$user", public', bodies: 'on' }]) // prettier-ignore
    await client.query('commit')
    await client.query('alter schema gone rename to later; create schema gone; drop schema later cascade')
    return outside
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

// Everything outside as a dump would have it, names instead of object ids.
const STATE = `
  select i.type, i.identity, quote_ident(pg_get_userbyid(o.owner)) as owner, array(select unnest(o.acl)::text order by 1)::text as acl, o.definition,
    obj_description(o.oid, o.catalog) as comment
  from (
    select 'pg_class' as catalog, c.oid, relowner as owner, coalesce(relacl, acldefault('r', relowner)) as acl,
      concat_ws(' ', reloptions::text, relrowsecurity, relforcerowsecurity, relreplident, relispopulated,
        case when relkind in ('v', 'm') then pg_get_viewdef(c.oid) when relkind = 'i' then pg_get_indexdef(c.oid) end,
        (select string_agg(concat_ws(' ', attname, atttypid::regtype, attacl::text, col_description(c.oid, attnum)), ', ' order by attname)
         from pg_attribute where attrelid = c.oid and attnum > 0)) as definition
    from pg_class c where relnamespace in ('outside'::regnamespace, 'marts'::regnamespace)
    union all
    select 'pg_proc', oid, proowner, coalesce(proacl, acldefault('f', proowner)), pg_get_functiondef(oid) from pg_proc where pronamespace = 'outside'::regnamespace
    union all
    select 'pg_trigger', oid, null, null, pg_get_triggerdef(oid) || tgenabled::text from pg_trigger where not tgisinternal
    union all
    select 'pg_rewrite', oid, null, null, pg_get_ruledef(oid) || ev_enabled::text from pg_rewrite
    where ev_class in (select oid from pg_class where relnamespace in ('outside'::regnamespace, 'marts'::regnamespace))
    union all
    select 'pg_policy', p.oid, null, null, v::text from pg_policy p join pg_policies v on v.policyname = p.polname
    union all
    select 'pg_statistic_ext', oid, stxowner, null, pg_get_statisticsobjdef(oid) || coalesce(stxstattarget, -1) from pg_statistic_ext
    union all
    select 'pg_publication_rel', r.oid, null, null, v::text from pg_publication_rel r, pg_publication_tables v
    union all
    select 'pg_constraint', oid, null, null, pg_get_constraintdef(oid) from pg_constraint where contype = 'f'
  ) o, pg_identify_object(o.catalog::regclass, o.oid, 0) i
  order by 1, 2, 3`

describe('what others hang on a table', () => {
  test.for(outsideKinds(ann, bob))('goes over to its successor: $kind', async ({ made, works, shows }) => {
    await client.query(made)
    const before = await stateOf()
    await client.query('alter default privileges grant all on tables to public')
    const { lost } = await swap(`${ALIKE}; revoke all on marts.a from public`)
    await client.query('alter default privileges revoke all on tables from public')
    expect(lost).toEqual([])
    expect(await stateOf()).toEqual(before)
    await client.query('begin')
    const results = (await client.query(works)) as unknown as { rows: unknown[] } | { rows: unknown[] }[]
    expect([results].flat().at(-1)?.rows).toEqual([{ shows }])
    await client.query('rollback')
  })

  test.for(outsideKinds(ann, bob))('is named when it does not fit, and stands: $kind', async ({ made, broken }) => {
    await client.query(made)
    const before = await stateOf()
    const refused = swap(`create table marts.a as select id::text as id, amount from gone.a`)
    await expect(refused).rejects.toMatchObject({ code: 'BUILD_DEPENDENTS', retry: 'never' })
    const message = await refused.then(() => '', messageOf)
    expect(broken.filter((part) => !message.includes(`\n  ${part}`))).toEqual([])
    expect(await stateOf()).toEqual(before)
  })
})

test('a view whose column would change its type is named, and so is a foreign key that rows no longer satisfy', async () => {
  await client.query(`
    create view outside.v as select id, amount from marts.a;
    create view outside.fine as select id from marts.a;
    create table outside.b (a_id integer constraint known references marts.a (id)); insert into outside.b values (1);
  `)
  const refused = await swap(
    `create table marts.a as select id, amount::text from gone.a where id > 1; create unique index on marts.a (id)`,
  ).then(() => '', messageOf)
  expect(refused).toContain(
    '\n  foreign key known on outside.b: insert or update on table "b" violates foreign key constraint "known" ' +
      '(Key (a_id)=(1) is not present in table "a".)\n' +
      '  view outside.v: its column amount would change from integer to text\nChange',
  )
})

test('a function that was broken before does not stop a publish, also where it needs a search_path of its own', async () => {
  await client.query(`
    set check_function_bodies = off;
    create function outside.broken() returns setof marts.a language sql as 'select * from nowhere';
    create function outside.elsewhere() returns setof marts.a language sql set search_path = marts as 'select * from a';
    reset check_function_bodies;
  `)
  await swap()
  expect(await rowsOf('select count(*)::int as rows from outside.elsewhere()')).toEqual([{ rows: 2 }])
})

test.for<[string, string, string[]]>([
  ['a column of the row type', 'create table outside.b (rows marts.a[])', ['column rows of table outside.b']],
  ['a table that inherits', 'create table outside.b () inherits (marts.a)', ['table outside.b']],
  ['a temporary view', 'create temporary view t as select * from marts.a', ['view t']],
  [
    'an aggregate',
    `create function outside.f(n integer, a marts.a) returns integer language sql as 'select 1';
     create aggregate outside.g(marts.a) (sfunc = outside.f, stype = integer)`,
    ['function outside.g(marts.a)'],
  ],
  [
    'a constraint and a default that call a function of the row type',
    `create function outside.f(a marts.a default null) returns integer language sql immutable as 'select 1';
     create table outside.b (x integer default outside.f(), constraint one check (outside.f() = x))`,
    ['constraint one on table outside.b', 'default value for column x of table outside.b'],
  ],
  [
    'the default of a view',
    `create view outside.v as select id from marts.a; alter view outside.v alter id set default 1`,
    ['default value for column id of view outside.v'],
  ],
  ['a sequence', 'create sequence marts.s owned by marts.a.id', ['sequence marts.s']],
  [
    'a function and a view that need each other',
    `create view outside.v as select id from marts.a;
     create function outside.f() returns bigint begin atomic select count(*) from outside.v; end;
     create or replace view outside.v as select id from marts.a where outside.f() > 0`,
    ['view outside.v and function outside.f(), which need each other'],
  ],
])('what cannot be made again is listed: %s', async ([, made, expected]) => {
  await client.query(`begin; ${made}`)
  const { lost } = await readOutside(sessionOver(client), await oidsOf('marts.a'))
  await client.query('rollback')
  expect(lost).toEqual(expected)
})

test('an object of a role that the builder cannot act for is lost', async () => {
  await client.query(`create view outside.v as select * from marts.a; alter view outside.v owner to ${ann}`)
  await client.query(`begin; set local role ${bob}`)
  const { lost } = await readOutside(sessionOver(client), await oidsOf('marts.a'))
  await client.query('rollback')
  expect(lost).toEqual([`view outside.v of ${ann}: permission denied, it needs that role`])
})

test('what is ours is not outside, but what hangs on it is; what is on its tables alone is not looked at', async () => {
  await client.query(`
    create view marts.v as select * from marts.a;
    create view outside.w as select * from marts.v;
    create table marts.old (id integer); alter table marts.old enable row level security;
    create policy forgotten on marts.old using (true); create index by_hand on marts.a (name);
    alter table marts.a add constraint by_hand check (id > 0), alter amount set default 1;
  `)
  await client.query('begin')
  const outside = await readOutside(sessionOver(client), await oidsOf('marts.a'), await oidsOf('marts.v', 'marts.old'))
  await client.query('rollback')
  expect(outside.objects.map((object) => [object.kind, object.identity, object.locked?.name])).toEqual([
    ['view', 'outside.w', 'w'],
  ])
  expect(outside.lost).toEqual([])
  expect(dropOutside(outside.objects)).toEqual(['drop view outside.w'])
})
