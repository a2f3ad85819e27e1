import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { startMilepost } from './milepost.ts'

export interface KillOptions {
  /** How many runs are killed before the clean one; a run that ends before its moment comes is not counted. */
  kills: number
  /** A database to load into; null = an embedded one in a folder of its own. */
  databaseUrl: string | null
  /** Random number in [0, 1) for each kill's moment. */
  random: () => number
  /** Longest time a run is let live, in milliseconds. */
  maxMs: number
  log?: (line: string) => void
}

/** A digest for each table and view of the line, of everything but ids, times and transaction numbers. */
export type Digests = Record<string, string>

/** Starts `milepost run` and kills it with -9, again and again, then lets one run end; returns what the tables hold. */
export async function loadWithKills(options: KillOptions): Promise<Digests> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-kill-'))
  try {
    await writeFile(join(folder, 'milepost.yaml'), 'log_level: silent\n')
    for (let kills = 0; kills < options.kills;) {
      // Once everything is loaded a run is short; later moments are drawn from its time.
      const afterMs = Math.round(options.random() * options.maxMs * (kills === 0 ? 1 : 0.4))
      const { killed, code } = await run(folder, options.databaseUrl, afterMs)
      if (killed) kills += 1
      options.log?.(killed ? `kill ${kills}: -9 after ${afterMs} ms` : `ended by itself (${code}) before ${afterMs} ms`)
    }
    const last = await run(folder, options.databaseUrl, null)
    if (last.code !== 0) throw new Error(`the clean run ended with ${last.code}: ${last.output}`)
    return await withServer(folder, options.databaseUrl, digestAll)
  } finally {
    await milepost(folder, ['db', 'stop'], null).ended
    await rm(folder, { recursive: true, force: true })
  }
}

const milepost = (folder: string, args: string[], databaseUrl: string | null) =>
  startMilepost(args, { cwd: folder, env: { DATABASE_URL: databaseUrl ?? '' } })

async function run(folder: string, databaseUrl: string | null, killAfterMs: number | null) {
  const running = milepost(folder, ['run'], databaseUrl)
  if (killAfterMs !== null) {
    await Promise.race([delay(killAfterMs), running.ended])
    running.child.kill('SIGKILL')
  }
  const { code, signal } = await running.ended
  return { code, killed: signal === 'SIGKILL', output: running.said() }
}

async function withServer<T>(
  folder: string,
  databaseUrl: string | null,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  if (databaseUrl === null) await milepost(folder, ['db', 'start'], null).ended
  const url = databaseUrl ?? (await milepost(folder, ['db', 'url'], null).ended).out.trim()
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

// What two loads of the same records may differ in: numbers given out, moments, transaction ids, run ids, the cluster.
const VOLATILE =
  /^(id|raw_data_id|page_id|run_id|quarantine_id|.*_at|.*_xid|.*_timestamp|.*ingestion.*|seen_count|last_successful_processing|hours_since.*|missing_since|window_start|window_end|activity_date|job_id)$/
// Views about runs and moments rather than about records.
// The made-up fleet lives on by the clock, so that two loads of it differ: its tables are held against each other.
const SKIPPED = /^marts\.(v_ingestion_performance|v_recent_activity|v_shop_freshness)$|geotab|chevin|vehicle_/

async function digestAll(client: Client): Promise<Digests> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(`
    select format('%s.%s', n.nspname, c.relname) as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname in ('raw', 'base', 'marts') and c.relkind in ('r', 'v', 'p')
    group by 1 order by 1
  `)
  const digests: Digests = {}
  for (const { name, columns } of rows) {
    if (SKIPPED.test(name)) continue
    const kept = columns.filter((column) => !VOLATILE.test(column)).map((column) => `"${column}"`)
    const { rows: found } = await client.query<{ digest: string }>(`
      select count(*) || ' rows ' || coalesce(md5(string_agg(md5(r::text), ',' order by md5(r::text))), '') as digest
      from (select ${kept.join(', ')} from ${name}) as r
    `)
    digests[name] = found[0]?.digest ?? ''
  }
  return digests
}
