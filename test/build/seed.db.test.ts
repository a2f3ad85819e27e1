import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { createSeed } from '../../build/run/seed.ts'
import { withConnections } from '../../build/run/session.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { projectOf } from './project-files.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
})
afterAll(() => database.drop())

/** Makes the table `a` of a CSV text. */
async function seed(text: string, config = '{}') {
  const project = projectOf({ 'seeds/a.csv': text, 'seeds/a.yml': `seeds: [{name: a, config: ${config}}]` })
  const [node] = compileProject(project).nodes
  if (node === undefined) throw new Error('there is no seed')
  await database.pool.query('drop table if exists a')
  return withConnections(database.pool, new AbortController().signal, async (connections) => {
    return (await connections.open()).transaction((session) =>
      createSeed(session, node, { schema: 'public', name: 'a' }),
    )
  })
}

const rowsOf = async () =>
  (await database.pool.query('select to_jsonb(a) as row from a')).rows.map(({ row }) => row as unknown)

const typesOf = async () => {
  const { rows } = await database.pool.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = 'a'::regclass and attnum > 0 order by attnum`,
  )
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]))
}

test('a seed keeps the names of its header, the types that fit and the order of its columns', async () => {
  const made = await seed('Code,order,sum,Two Words\r\nA,1,1.5,"two\r\nlines"\r\nB,2,,\r\n')
  expect(made).toEqual({ rows: 2, warnings: [], increment: null, isRepeatable: true })
  expect(await typesOf()).toEqual({ Code: 'text', order: 'integer', sum: 'double precision', 'Two Words': 'text' })
  expect(await rowsOf()).toEqual([
    { Code: 'A', order: 1, sum: 1.5, 'Two Words': 'two\nlines' },
    { Code: 'B', order: 2, sum: null, 'Two Words': null },
  ])
})

test('names without quotes are folded', async () => {
  await seed('Code\n1\n', '{quote_columns: false}')
  expect(await typesOf()).toEqual({ code: 'integer' })
})

test('column_types are taken as they are given, and read what Postgres reads', async () => {
  const types = '{Zip: varchar(5), n: "numeric(8,2)", j: jsonb, l: "integer[]", b: boolean, c: char(4), gone: text}'
  const made = await seed(
    'Zip;n;j;l;b;c\n 0123;1.005;{};{1,2};yes;ab\nnull;;;;;\n',
    `{delimiter: ";", column_types: ${types}}`,
  )
  expect(made.warnings).toEqual(['a has no column gone, for which column_types has a type'])
  expect(await typesOf()).toEqual({
    Zip: 'character varying(5)',
    n: 'numeric(8,2)',
    j: 'jsonb',
    l: 'integer[]',
    b: 'boolean',
    c: 'character(4)',
  })
  expect(await rowsOf()).toEqual([
    { Zip: ' 0123', n: 1.01, j: {}, l: [1, 2], b: true, c: 'ab  ' },
    { Zip: null, n: null, j: null, l: null, b: null, c: null },
  ])
})

test('times with a zone become those of the session, which is in UTC', async () => {
  await seed('at\n2024-01-05T10:00:00+02:00\n2024-01-05T10:00:00\n')
  expect(await rowsOf()).toEqual([{ at: '2024-01-05T08:00:00' }, { at: '2024-01-05T10:00:00' }])
})

test.for<[string, string, string, string]>([
  [
    'a row that is too short',
    'a,b\n1,2\n3\n',
    '{}',
    'seeds/a.csv: cannot be read as CSV: Invalid Record Length: expect 2, got 1 on line 3',
  ],
  ['a column without a name', 'a,,b\n1,2,3\n', '{}', 'seeds/a.csv:1: column 2 has no name'],
  ['two columns of a name', 'a,b,a\n1,2,3\n', '{}', 'seeds/a.csv:1: two columns are named a'],
  ['two columns that fold into one', 'a,A\n1,2\n', '{quote_columns: false}', 'seeds/a.csv:1: two columns are named a'],
  ['nothing in the file', '', '{}', 'seeds/a.csv:1: has no line with the names of its columns'],
  [
    'a value of another type',
    'a,b\n"x\ny",1\n\nz,?\n',
    '{column_types: {b: integer}}',
    'seeds/a.csv:5: column b: invalid input syntax for type integer: "?" (the column is integer, the value "?")',
  ],
  [
    'a value that is too long',
    'a\nabc\nabcd\n',
    '{column_types: {a: varchar(3)}}',
    'seeds/a.csv:3: column a: value too long for type character varying(3)',
  ],
  [
    'a number that is too big',
    'a\n1\n12345678901\n',
    '{}',
    'seeds/a.csv:3: column a: integer out of range (the column is integer, the value "12345678901"): give it a wider type',
  ],
  [
    'a type that does not exist',
    'a\n1\n',
    '{column_types: {a: intt}}',
    'seeds/a.csv: its table cannot be made: type "intt" does not exist; look at column_types',
  ],
])('%s is refused', async ([, text, config, message]) => {
  await expect(seed(text, config)).rejects.toMatchObject({
    code: 'SEED_INVALID',
    message: expect.stringContaining(message),
  })
})

test('rows beyond the first batch are stored, and their errors found', async () => {
  const lines = Array.from({ length: 12_000 }, (_, index) => `${index},name ${index}`)
  expect((await seed(`id,name\n${lines.join('\n')}\n`)).rows).toBe(12_000)
  const { rows } = await database.pool.query('select count(distinct id)::int as ids, max(name) as name from a')
  expect(rows).toEqual([{ ids: 12_000, name: 'name 9999' }])
  lines[11_500] = '99999999999,x'
  await expect(seed(`id,name\n${lines.join('\n')}\n`)).rejects.toThrow(
    'seeds/a.csv:11502: column id: integer out of range',
  )
})
