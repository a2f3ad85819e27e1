// Builds a dbt project by Milepost and by dbt, each into schemas of its own, and prints what differs:
//   DATABASE_URL=postgres://… node test/differential/compare.ts --project-dir DIR [--setup-sql FILE] [--pass-sql FILE]
// It works in a database of its own on that server and drops it at the end, or keeps it with --keep.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Client, escapeIdentifier } from 'pg'
import { z } from 'zod'
import { withDatabase } from '../../db/database-url.ts'
import { migrate } from '../../db/migrator.ts'
import { clientConfig } from '../../db/pool.ts'
import { buildByDbt, buildByMilepost, findDbt } from './builders.ts'
import { compareBuilds } from './comparison.ts'
import { renderFindings } from './findings.ts'

const Vars = z.record(z.string(), z.unknown())
const { values: flags } = parseArgs({
  options: {
    'project-dir': { type: 'string' },
    // Run before the first build and before the second; each may be given more than once.
    'setup-sql': { type: 'string', multiple: true, default: [] },
    'pass-sql': { type: 'string', multiple: true, default: [] },
    vars: { type: 'string', default: '{}' },
    'ours-vars': { type: 'string', default: '{}' },
    'dbt-vars': { type: 'string', default: '{}' },
    // For a project whose schemas do not begin with the target's: the target's schema, and what they begin with.
    schema: { type: 'string' },
    'ours-prefix': { type: 'string', default: 'a_x' },
    'dbt-prefix': { type: 'string', default: 'b_x' },
    // A column whose values are not compared, or `relation.column`.
    ignore: { type: 'string', multiple: true, default: [] },
    'results-only': { type: 'boolean', default: false },
    // Builds by dbt on both sides: what differs then is the project's own doing.
    'dbt-twice': { type: 'boolean', default: false },
    // The name of the database, for a project that states it, and the database that it is a copy of.
    database: { type: 'string', default: `differential_${randomBytes(4).toString('hex')}` },
    template: { type: 'string', default: 'template1' },
    keep: { type: 'boolean', default: false },
  },
})

const [serverUrl, projectDir, dbt] = [process.env.DATABASE_URL, flags['project-dir'], findDbt()]
if (serverUrl === undefined || projectDir === undefined) throw new Error('set DATABASE_URL and give --project-dir')
if (dbt === null) throw new Error('needs dbt 1.9 with dbt-postgres: put it on the PATH, or its path into DBT')

const name = flags.database
const databaseUrl = withDatabase(serverUrl, name)
const vars = Vars.parse(JSON.parse(flags.vars))
const side = (prefix: string, more: string) => ({
  schema: flags.schema ?? prefix,
  prefix,
  vars: { ...vars, ...Vars.parse(JSON.parse(more)) },
})

await query(serverUrl, `create database ${escapeIdentifier(name)} template ${escapeIdentifier(flags.template)}`)
try {
  await migrate(databaseUrl)
  for (const file of flags['setup-sql']) await query(databaseUrl, readFileSync(file, 'utf8'))
  const passes = await compareBuilds({
    projectDir: resolve(projectDir),
    databaseUrl,
    ours: {
      build: flags['dbt-twice'] ? buildByDbt(dbt) : buildByMilepost,
      ...side(flags['ours-prefix'], flags['ours-vars']),
    },
    dbt: { build: buildByDbt(dbt), ...side(flags['dbt-prefix'], flags['dbt-vars']) },
    change: async () => {
      for (const file of flags['pass-sql']) await query(databaseUrl, readFileSync(file, 'utf8'))
    },
    ignore: flags.ignore,
    isResultsOnly: flags['results-only'],
  })
  process.stdout.write(`${renderFindings(passes)}\n`)
  if (passes.some(({ findings }) => findings.differences.length > 0)) process.exitCode = 1
} finally {
  if (flags.keep) process.stdout.write(`kept the database ${name}\n`)
  else await query(serverUrl, `drop database ${escapeIdentifier(name)} with (force)`)
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client(clientConfig(url))
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
