import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readMigrations } from '../../db/migration-files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

test('migrations come in the order of their numbers, with their statements', async () => {
  await write({ '0002_trips.sql': 'select 2;', '0001_first_tables.sql': 'select 1;\nselect 1;', '.swp': '' })
  const files = await readMigrations(folder)
  expect(files.map(({ name, statements }) => [name, statements.length])).toEqual([
    ['0001_first_tables', 2],
    ['0002_trips', 1],
  ])
})

test('the checksum is the same whatever line ends the checkout has, and another for another text', async () => {
  await write({
    '0001_a.sql': 'select 1;\nselect 2;',
    '0002_a.sql': 'select 1;\r\nselect 2;',
    '0003_a.sql': 'select 1;\nselect 3;',
  })
  const [unix, windows, other] = (await readMigrations(folder)).map(({ checksum }) => checksum)
  expect(unix).toBe(windows)
  expect(unix).not.toBe(other)
})

test.for([
  { name: 'a gap', files: { '0001_a.sql': '', '0003_b.sql': '' }, problem: '0003_b.sql should have the number 0002' },
  {
    name: 'a number used twice',
    files: { '0001_a.sql': '', '0001_b.sql': '' },
    problem: '0001_b.sql should have the number 0002',
  },
  { name: 'a name in capitals', files: { '0001_A.sql': '' }, problem: '0001_A.sql is not named NNNN_name.sql' },
  { name: 'another kind of file', files: { 'notes.txt': '' }, problem: 'notes.txt is not named NNNN_name.sql' },
  {
    name: 'a commit in a file',
    files: { '0001_a.sql': 'select 1;\nCOMMIT;' },
    problem: '0001_a.sql:2 controls transactions',
  },
])('$name is refused', async ({ files, problem }) => {
  await write(files)
  await expect(readMigrations(folder)).rejects.toMatchObject({
    code: 'MIGRATION_NAMES',
    message: expect.stringContaining(problem),
  })
})

test('all problems are named at once', async () => {
  await write({ '0002_a.sql': 'begin;', 'x.sql': '' })
  await expect(readMigrations(folder)).rejects.toThrow(/0002_a\.sql should[^]*0002_a\.sql:1 controls[^]*x\.sql is not/)
})
