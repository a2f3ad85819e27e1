import { describe, expect, test } from 'vitest'
import { columnLineage, type QueryLineage } from '../../build/lineage/lineage.ts'
import { statementKind } from '../../build/lineage/parse.ts'
import type { BaseColumn } from '../../build/lineage/sources.ts'
import { CASES, SHOP } from './lineage-cases.ts'

const relations = new Map(Object.entries(SHOP).map(([place, columns]) => [place, Object.keys(columns)]))
const MARKS = { identity: '', transform: '~', aggregate: '#' }

async function lineageOf(sql: string): Promise<QueryLineage> {
  const lineage = await columnLineage({ sql, relations })
  if ('problem' in lineage) throw new Error(lineage.problem)
  return lineage
}

const nameOf = ({ relation, column }: BaseColumn) => `${relation.name}.${column}`
const sorted = (names: Iterable<string>) => [...names].sort().join(' ')

/** A lineage as the cases write it. */
function written({ columns, influences, reads }: QueryLineage) {
  const used = new Set([...influences, ...columns.flatMap((output) => output.sources)].map(nameOf))
  return {
    columns: columns.map(({ column, sources }) =>
      `${column} = ${sorted(sources.map((source) => MARKS[source.kind] + nameOf(source)))}`.trim(),
    ),
    influences: sorted(influences.map(nameOf)),
    unused: sorted(reads.map(nameOf).filter((name) => !used.has(name))),
  }
}

test.for(CASES)('the lineage of $name', async ({ sql, columns, influences = '', unused = '' }) => {
  const bySource = (line: string) => {
    const [name = '', sources = ''] = line.split(/ = ?/)
    return `${name} = ${sorted(sources.split(' '))}`.trim()
  }
  expect(written(await lineageOf(sql))).toEqual({ columns: columns.map(bySource), influences, unused })
})

test('a source says which relation of which schema it is in', async () => {
  const lineage = await lineageOf('select max(price) from shop.items where sku is null')
  const relation = { schema: 'shop', name: 'items' }
  expect(lineage).toEqual({
    columns: [{ column: 'max', sources: [{ relation, column: 'price', kind: 'aggregate' }] }],
    influences: [{ relation, column: 'sku' }],
    reads: [
      { relation, column: 'sku' },
      { relation, column: 'price' },
    ],
  })
})

describe('a query whose lineage cannot be told has a problem', () => {
  test.for([
    { sql: 'select a from shop.orders', problem: 'there is no column a here' },
    { sql: 'select o.id from shop.orders', problem: 'there is no column o.id here' },
    { sql: 'select x.* from shop.orders', problem: 'FROM has no x here' },
    { sql: 'select v.x from shop.orders as o, (select o.id as x) as v', problem: 'there is no column o.id here' },
    { sql: 'select * from shop.nope', problem: 'the relation shop.nope is not known' },
    { sql: 'select * from orders', problem: 'the relation orders has no schema and is no query of a WITH' },
    {
      sql: 'with a as (select * from a) select * from a',
      problem: 'the relation a has no schema and is no query of a WITH',
    },
    {
      sql: 'with recursive a as (select * from a) select * from a',
      problem: 'a names itself, but is no UNION',
    },
    { sql: 'select f.* from f()', problem: 'the columns of f.* are not known: name them, as in f(a, b)' },
    { sql: 'select * from f() as g', problem: 'the columns of g.* are not known: name them, as in g(a, b)' },
    { sql: 'select (f(id)).* from shop.orders', problem: 'the columns of (...).* are not known' },
    {
      sql: 'select id from shop.orders union select id, name from shop.customers',
      problem: 'the sides of a set operation differ in width',
    },
    {
      sql: 'select 1 from shop.orders join shop.customers using (name)',
      problem: 'a side of the join has no column name',
    },
    {
      sql: 'with recursive t(n) as (select 1 union select n from t) cycle n set c using p select * from t',
      problem: 't has a SEARCH or CYCLE clause, which is not known',
    },
    { sql: 'select 1 from shop.orders tablesample system (1)', problem: 'FROM with RangeTableSample is not known' },
    { sql: ' -- nothing', problem: 'there is no statement' },
    { sql: 'select 1; select 2', problem: 'this is more than one statement' },
    { sql: 'delete from shop.orders', problem: 'this is not a query that only reads' },
    { sql: 'selct 1', problem: 'this is not valid SQL: syntax error at or near "selct"' },
  ])('$problem: $sql', async ({ sql, problem }) => {
    expect(await columnLineage({ sql, relations })).toEqual({ problem })
  })
})

test('a query nested too deep for the stack has a problem, and the next one is read', async () => {
  const deep = `select 'a'${" || 'b'".repeat(5000)} as x`
  expect(await columnLineage({ sql: deep, relations })).toEqual({ problem: 'the query is nested too deep' })
  expect(await columnLineage({ sql: 'select 1 as x', relations })).toMatchObject({ columns: [{ column: 'x' }] })
})

test.for([
  { sql: 'select 1', kind: 'select' },
  { sql: 'with a as (select 1) select * from a;', kind: 'select' },
  { sql: '(select 1) union (values (2)) order by 1', kind: 'select' },
  { sql: 'table shop.orders', kind: 'select' },
  { sql: `select merge_action, json_table from t where a is json -- ; drop table t`, kind: 'select' },
  { sql: `select $$; drop table t$$, 'x'';'`, kind: 'select' },
  { sql: 'select 1; drop table t', kind: 'other' },
  { sql: 'select 1 into t', kind: 'other' },
  { sql: 'select 1 into t union select 2', kind: 'other' },
  { sql: 'with a as (delete from t returning id) select * from a', kind: 'other' },
  { sql: 'with a as (select 1), b as (update t set a = 1 returning a) select * from a', kind: 'other' },
  { sql: 'insert into t select 1', kind: 'other' },
  { sql: 'select 1) as x; drop table t; select (1', kind: 'other' },
  { sql: 'select 1\0; drop table t', kind: 'other' },
  { sql: '', kind: 'other' },
  { sql: '/* nothing */', kind: 'other' },
] as const)('statementKind is $kind of $sql', async ({ sql, kind }) => {
  expect(await statementKind(sql)).toBe(kind)
})
