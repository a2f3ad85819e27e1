import type { PoolClient } from 'pg'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { statuses, table, useBuilds } from './builds.ts'
import { refusalOf } from './project-files.ts'
import { settled } from '../support/settled.ts'

const builds = useBuilds()
const { build, rowsOf, withClient } = builds

const stampedBy = (column: string) =>
  `sources: [{name: raw, schema: raw_shop, tables: [{name: events, meta: {milepost: {stamped: ${column}}}}]}]`

const files = {
  'models/_s.yml': stampedBy('xid'),
  'models/seen.sql': table("select id, amount from {{ source('raw', 'events') }}"),
}

const status = async () => statuses(await build(files)).seen
/** Waits for what other tests on the same server have open, which counts too. */
const settle = () => settled(builds.pool)
const rowsIn = (relation: string) => rowsOf(`select id, amount from ${relation} order by 1`)
const insert = (id: number) => `insert into raw_shop.events (id, amount) values (${id}, 0)`

beforeEach(() =>
  builds.pool.query(`
    create schema raw_shop;
    create table raw_shop.events (
      id int, amount int, xid xid8 not null default pg_current_xact_id(), primary key (id)
    ) partition by range (id);
    create index on raw_shop.events (xid);
    create table raw_shop.events_0 partition of raw_shop.events for values from (0) to (100);
    create table raw_shop.events_1 partition of raw_shop.events for values from (100) to (200);
    insert into raw_shop.events (id, amount) select n, n from generate_series(1, 150) n;`),
)

test.for<[string, string]>([
  ['a new row', insert(199)],
  ['a changed row', 'update raw_shop.events set amount = -1, xid = pg_current_xact_id() where id = 7'],
  ['a partition that is gone', 'drop table raw_shop.events_0'],
  ['a partition that is taken off', 'alter table raw_shop.events detach partition raw_shop.events_1'],
  ['a partition that is emptied', 'truncate raw_shop.events_0'],
  [
    'a partition that brings old rows',
    `create table raw_shop.old (like raw_shop.events including all);
     insert into raw_shop.old values (200, 0, '3');
     alter table raw_shop.events attach partition raw_shop.old for values from (200) to (300)`,
  ],
  ['a table that holds nothing any more', 'truncate raw_shop.events'],
  ['another column', 'alter table raw_shop.events add column note text'],
])('%s is noticed by the newest stamp or by the files', async ([, change]) => {
  await settle()
  await build(files)
  expect(await status()).toBe('unchanged')
  await builds.pool.query(change)
  await settle()
  expect(await status()).toBe('built')
  expect(await rowsIn('seen')).toEqual(await rowsIn('raw_shop.events'))
  expect(await status()).toBe('unchanged')
})

test('rows are not read: what is written without a stamp is not noticed', async () => {
  await settle()
  await build(files)
  await builds.pool.query('update raw_shop.events set amount = -1 where id = 7')
  expect(await status()).toBe('unchanged')
})

test.for<[string, string]>([
  ['with rows', ''],
  ['without rows', 'truncate raw_shop.events'],
])('a table %s counts as changed while a transaction may still write below the newest stamp', async ([, before]) => {
  if (before !== '') await builds.pool.query(before)
  await build(files)
  await withClient(async (late) => {
    await late.query(`begin; ${insert(160)}`)
    await builds.pool.query(insert(170))
    expect([await status(), await status()]).toEqual(['built', 'built'])
    await late.query('commit')
  })
  await settle()
  expect([await status(), await status()]).toEqual(['built', 'unchanged'])
  expect(await rowsIn('seen')).toEqual(await rowsIn('raw_shop.events'))
})

test('a long transaction that began before the newest stamp and has written nothing does not hide what it writes', async () => {
  await withClient(async (late) => {
    await late.query('begin; select pg_current_xact_id()')
    await builds.pool.query(insert(170))
    await build(files)
    await late.query(`${insert(160)}; commit`)
  })
  expect(await status()).toBe('built')
  expect(await rowsIn('seen')).toEqual(await rowsIn('raw_shop.events'))
})

test('whatever sessions write at the same time, a build that finds nothing changed has missed nothing', async () => {
  // The same numbers each time, so that a failure can be seen again.
  let seed = 20_260_101
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  const sessions = await Promise.all([0, 1, 2].map(() => builds.pool.connect()))
  onTestFinished(() => sessions.forEach((session) => session.release(true)))
  const open = new Set<PoolClient>()
  let next = 1000
  const begin = async (session: PoolClient) => {
    if (open.has(session)) return
    open.add(session)
    await session.query('begin; select pg_current_xact_id()')
  }
  let built = 0
  await builds.pool.query(
    'create table raw_shop.events_2 partition of raw_shop.events for values from (1000) to (9999)',
  )
  await build(files)
  for (let round = 0; round < 60; round += 1) {
    const session = sessions[random(3)] as PoolClient
    if (random(3) === 0) await begin(session)
    // Keys of its own for each session, so that none waits for another.
    else if (random(2) === 0) await session.query(insert((next += 1)))
    else if (open.delete(session)) await session.query(random(4) === 0 ? 'rollback' : 'commit')
    if (random(3) > 0) continue
    if ((await status()) === 'built') built += 1
    expect(await rowsIn('seen')).toEqual(await rowsIn('raw_shop.events'))
  }
  expect(built).toBeGreaterThan(3)
  for (const session of open) await session.query('commit')
  await settle()
  await build(files)
  expect(await status()).toBe('unchanged')
  expect(await rowsIn('seen')).toEqual(await rowsIn('raw_shop.events'))
})

test.for<[string]>([['missing'], ['amount']])('a stamp that is %s refuses the build', async ([column]) => {
  await expect(build({ ...files, 'models/_s.yml': stampedBy(column) })).rejects.toMatchObject({
    code: 'BUILD_REFUSED',
    message: expect.stringContaining(
      `models/_s.yml: raw_shop.events has no column ${column} of type xid8 that is not null`,
    ),
  })
})

test('another setting of a source is refused with its place', () => {
  const refusal = refusalOf({ ...files, 'models/_s.yml': stampedBy('xid').replace('stamped', 'stampt') })
  expect(refusal).toContain('models/_s.yml:1:')
  expect(refusal).toContain('meta.milepost of a source takes stamped')
})
