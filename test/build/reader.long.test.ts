import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { buildModels } from '../../build/run/build.ts'
import { clientConfig } from '../../db/pool.ts'
import { table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const PUBLISHES = 200
const told = "{{ var('generation', 0) }} as generation"
const swapped = {
  'models/a.sql': table(`select ${told} from generate_series(1, 50)`),
  'models/b.sql': table("select max(generation) as generation from {{ ref('a') }}"),
  'models/v.sql': "select generation from {{ ref('b') }}",
  'models/w.sql': "select v.generation, a.generation as below from {{ ref('v') }} as v cross join {{ ref('a') }} as a",
}
// Appends: what was there stays, so the newest generation is the one to compare.
const changedInPlace = { 'models/i.sql': `{{ config(materialized='incremental') }}select ${told}` }

type Reader = (client: Client) => Promise<unknown[]>

/** Runs statements in one transaction, each reading a generation. */
const inTransaction =
  (begin: string, ...queries: string[]): Reader =>
  async (client) => {
    await client.query(begin)
    const seen: unknown[] = []
    for (const query of queries)
      seen.push(...Object.values((await client.query<object>(query)).rows[0] ?? { none: null }))
    await client.query('commit')
    return seen
  }

const statement =
  (text: string): Reader =>
  async (client) =>
    Object.values((await client.query<object>(text)).rows[0] ?? { none: null })

/** A statement that the server has parsed once and whose plan each publish makes stale. */
const prepared =
  (name: string, text: string): Reader =>
  async (client) =>
    Object.values((await client.query<object>({ name, text, values: [0] })).rows[0] ?? { none: null })

const REPEATABLE = 'begin isolation level repeatable read'
const readers: Record<string, Reader> = {
  'one statement': statement('select (select max(generation) from a) as x, (select min(generation) from b) as y'),
  'a join over views': statement('select max(generation) as x, min(below) as y, max(below) as z from w'),
  'the views first': statement('select max(v.generation) as x, min(a.generation) as y from v, a'),
  'read committed, one statement after the other in a join': inTransaction(
    'begin',
    'select max(w.below) as x, min(b.generation) as y from w, b',
  ),
  'repeatable read, a then b': inTransaction(
    REPEATABLE,
    'select max(generation) from a',
    'select max(generation) from b',
  ),
  'repeatable read, v then a': inTransaction(REPEATABLE, 'select generation from v', 'select max(generation) from a'),
  'a prepared statement': prepared(
    'first',
    'select max(v.generation) as x, min(a.generation) as y from v, a having count(*) > $1',
  ),
  'a prepared statement over a view': prepared(
    'second',
    'select max(generation) as x, min(below) as y from w having count(*) > $1',
  ),
  'a cursor': inTransaction(
    'begin; declare c cursor for select a.generation as x, b.generation as y from a, b',
    'fetch 1 from c',
    'fetch 1 from c',
  ),
}

async function publishWhileReading(files: Record<string, string>, all: Record<string, Reader>, publishes: number) {
  const project = projectOf(files)
  await buildModels({ pool: builds.database.pool, project })
  const over = new AbortController()
  const wrong: string[] = []
  let published = 0
  const read = async ([name, reader]: [string, Reader]) => {
    const client = new Client(clientConfig(builds.database.url, { label: 'reader' }))
    await client.connect()
    let reads = 0
    try {
      for (; !over.signal.aborted; reads += 1) {
        const least = published
        const seen = await reader(client)
        // As many as this that never rest, in both orders, can keep a publish out: each holds what another waits for.
        await setTimeout(2)
        const isOne = new Set(seen).size === 1 && typeof seen[0] === 'number' && seen[0] >= least
        if (!isOne) wrong.push(`${name}: ${JSON.stringify(seen)} after ${least}`)
      }
    } catch (error) {
      wrong.push(`${name}: ${String(error)}`)
    } finally {
      await client.end()
    }
    return [name, reads] as const
  }
  const reading = Promise.all(Object.entries(all).map(read))
  try {
    for (let generation = 1; generation <= publishes; generation += 1) {
      const result = await buildModels({ pool: builds.database.pool, project, vars: { generation } })
      expect(result.published).toBe(true)
      published = generation
    }
  } finally {
    over.abort()
  }
  return { wrong, reads: Object.fromEntries(await reading) }
}

test(
  `readers see one whole generation, and no error, through ${PUBLISHES} publishes`,
  { timeout: 300_000 },
  async () => {
    const { wrong, reads } = await publishWhileReading(swapped, readers, PUBLISHES)
    expect(wrong).toEqual([])
    for (const count of Object.values(reads)) expect(count).toBeGreaterThan(PUBLISHES)
    expect(await builds.rowsOf('select max(generation) as generation from w')).toEqual([{ generation: PUBLISHES }])
  },
)

test(
  'statements that read a table that is changed in place beside those that are swapped see one generation',
  { timeout: 120_000 },
  async () => {
    const { wrong } = await publishWhileReading(
      { ...swapped, ...changedInPlace },
      {
        'a, then i': statement('select max(a.generation) as x, (select max(generation) from i) as y from a'),
        'i, then v': statement('select max(i.generation) as x, max(v.generation) as y from i, v'),
        'a prepared statement': prepared(
          'third',
          'select max(i.generation) as x, min(w.below) as y from i, w having count(*) > $1',
        ),
        // Without the lock such a transaction may find `a` swapped and `i` as its snapshot has it.
        'repeatable read after a lock, a then i': inTransaction(
          `${REPEATABLE}; lock table a in access share mode`,
          'select max(generation) from a',
          'select max(generation) from i',
        ),
        'repeatable read after a lock, i then v': inTransaction(
          `${REPEATABLE}; lock table v in access share mode`,
          'select max(generation) from i',
          'select generation from v',
        ),
      },
      50,
    )
    expect(wrong).toEqual([])
  },
)
