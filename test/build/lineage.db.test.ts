import { resolve } from 'node:path'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileModels } from '../../build/graph/compile.ts'
import { AGGREGATES, ROW_FUNCTIONS } from '../../build/lineage/functions.ts'
import { columnLineage, type QueryLineage } from '../../build/lineage/lineage.ts'
import type { BaseColumn } from '../../build/lineage/sources.ts'
import { loadProject } from '../../build/project/project.ts'
import { buildModels } from '../../build/run/build.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { CASES, SHOP } from './lineage-cases.ts'

const ROWS = 5

/** Values of a type that are often alike, so that joins and groups meet. */
const VALUES: Record<string, string> = {
  int: '1 + floor(random() * 4)::int',
  numeric: 'floor(random() * 20)',
  text: `(array['a', 'b', 'c', 'd'])[1 + floor(random() * 4)::int]`,
  'text[]': `(array['a', 'b', 'c', 'd'])[1 : floor(random() * 4)::int]`,
  jsonb: `jsonb_build_object('a', floor(random() * 4), 'c', floor(random() * 4), 'k', 1)`,
  date: `date '2026-01-01' + floor(random() * 400)::int`,
}

let database: TestDatabase
let client: PoolClient

beforeAll(async () => {
  database = await createTestDatabase()
  client = await database.pool.connect()
  await client.query('create schema shop; select setseed(0.25)')
  for (const [place, columns] of Object.entries(SHOP)) {
    const definition = Object.entries(columns).map(([column, type]) => `${column} ${type}`)
    await client.query(`create table ${place} (${definition.join()})`)
    const values = Object.entries(columns).map(([column, type]) => (column === 'id' ? 'n' : VALUES[type]))
    await client.query(`insert into ${place} select ${values.join()} from generate_series(1, ${ROWS}) as n`)
  }
  await client.query('update shop.customers set parent_id = null where id < 3')
})
afterAll(async () => {
  client.release()
  await database.drop()
})

async function columnsOf<T>(sql: string, values: unknown[] = []): Promise<T[]> {
  const { rows } = await client.query<[T]>({ text: sql, values, rowMode: 'array' })
  return rows.map(([value]) => value)
}

/** The columns of every relation outside Postgres' own schemas. */
async function relationsNow(): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ place: string; columns: string[] }>(`
    select c.relnamespace::regnamespace::text || '.' || c.relname as place,
      array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace >= 16384
    group by c.oid`)
  return new Map(rows.map(({ place, columns }) => [place, columns]))
}

async function lineageOf(sql: string): Promise<QueryLineage> {
  const lineage = await columnLineage({ sql, relations: await relationsNow() })
  if ('problem' in lineage) throw new Error(lineage.problem)
  return lineage
}

async function rolledBack<T>(work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    return await work()
  } finally {
    await client.query('rollback')
  }
}

/** What Postgres itself resolves a query to: its output names, and the columns that a view of it depends on. */
async function resolvedByPostgres(sql: string): Promise<{ columns: string[]; reads: string[] }> {
  return rolledBack(async () => {
    await client.query('set local search_path = pg_catalog')
    const { fields } = await client.query(`select * from (${sql}\n) as query limit 0`)
    const names = fields.map((_field, index) => `c${index}`)
    await client.query(`create temp view probe (${names.join()}) as ${sql}`)
    const reads = await columnsOf<string>(`
      select distinct c.relnamespace::regnamespace::text || '.' || c.relname || '.' || a.attname
      from pg_rewrite r
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjid <> r.ev_class
        join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
      where r.ev_class = 'pg_temp.probe'::regclass`)
    return { columns: fields.map((field) => field.name), reads: reads.sort() }
  })
}

const nameOf = ({ relation, column }: BaseColumn) => `${relation.schema}.${relation.name}.${column}`
const namesOf = (columns: BaseColumn[]) => [...new Set(columns.map(nameOf))].sort()

function expectWithin(inner: string[], outer: string[]): void {
  expect(inner.filter((name) => !outer.includes(name))).toEqual([])
}

test.for(CASES)('Postgres reads the same columns: $name', async ({ sql, isWholeRow }) => {
  const { columns, reads } = await lineageOf(sql)
  const resolved = await resolvedByPostgres(sql)
  expect(columns.map((output) => output.column)).toEqual(resolved.columns)
  if (isWholeRow === true) expectWithin(resolved.reads, namesOf(reads))
  else expect(namesOf(reads)).toEqual(resolved.reads)
})

/** The values of each output column, in no order. */
async function valuesByColumn(sql: string): Promise<string[]> {
  const { rows, fields } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
  return fields.map((_field, index) =>
    rows
      .map((row) => JSON.stringify(row[index]))
      .sort()
      .join(),
  )
}

const PLACES = Object.entries(SHOP).flatMap(([place, columns]) =>
  Object.entries(columns).map(([column, type]) => ({ place, column, type })),
)

test.for(CASES)('other values in a column change no output it is not said to reach: $name', async ({ sql }) => {
  const { columns, influences } = await lineageOf(sql)
  const before = await valuesByColumn(sql)
  for (const { place, column, type } of PLACES) {
    // Keys stay keys: a scalar subquery by key must give one row.
    const values = column === 'id' ? [`${ROWS + 1} - id`, 'id + 3'] : [VALUES[type], VALUES[type], 'null']
    for (const value of values) {
      const after = await rolledBack(async () => {
        await client.query(`update ${place} set ${column} = ${value}`)
        return valuesByColumn(sql)
      })
      columns.forEach((output, index) => {
        if (before[index] === after[index]) return
        const reached = namesOf([...output.sources, ...influences])
        expect(reached, `${output.column} with ${column} = ${value}`).toContain(`${place}.${column}`)
      })
    }
  }
})

test("each of the project's own models has the lineage that Postgres resolves", async () => {
  const project = loadProject(resolve(import.meta.dirname, '../..'))
  await buildModels({ pool: database.pool, project })
  const models = compileModels(project)
  expect(models.length).toBeGreaterThan(40)
  for (const { name, sql } of models) {
    const { columns, influences, reads } = await lineageOf(sql)
    const resolved = await resolvedByPostgres(sql)
    expect([name, columns.map((output) => output.column)]).toEqual([name, resolved.columns])
    expect([name, namesOf(reads)]).toEqual([name, resolved.reads])
    expectWithin(namesOf([...influences, ...columns.flatMap((output) => output.sources)]), resolved.reads)
  }
})

test('the aggregates are those of Postgres', async () => {
  // Ranks of a hypothetical row are known by WITHIN GROUP, and are window functions elsewhere.
  const known = await columnsOf<string>(`
    select distinct proname::text from pg_proc join pg_aggregate on aggfnoid = pg_proc.oid
    where aggkind <> 'h' and pronamespace = 'pg_catalog'::regnamespace`)
  expect(known.filter((name) => !AGGREGATES.has(name))).toEqual([])
  const others = await columnsOf<string>(
    `select proname::text from pg_proc where proname = any ($1) and prokind <> 'a'`,
    [[...AGGREGATES]],
  )
  expect(others).toEqual([])
})

test.for([...ROW_FUNCTIONS])('%s gives the columns that Postgres says', async ([name, columns]) => {
  const found = await columnsOf<string[] | null>(
    `select distinct (select array_agg(proargnames[n] order by n) from generate_subscripts(proargmodes, 1) as n
       where proargmodes[n] in ('o', 't'))
     from pg_proc where proname = $1 and proretset and prorettype <> 'record'::regtype or proname = $1 and $2`,
    [name, columns !== null && columns.length > 1],
  )
  expect(found).toEqual([columns])
})
