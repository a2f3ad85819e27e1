import { sql, type Transaction } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import type { DB } from '../db/schema.ts'
import { FEEDS } from './catalogue.ts'
import type { PipelineContext } from './context.ts'

function configured(context: PipelineContext) {
  const all = FEEDS.flatMap((feed) =>
    feed.connections(context).map((connection) => ({ source: feed.source, ...connection })),
  )
  // The feeds of a source share its connections.
  return [...new Map(all.map((one) => [`${one.source} ${one.connection}`, one])).values()]
}

/** Throws DATABASE_MIXED when the database holds a source's real data and this process would add made-up data, or the reverse. */
export async function checkConnections(context: PipelineContext): Promise<void> {
  const { rows } = await sql<{ source: string; is_sandbox: boolean }>`
    select distinct source, is_sandbox from ops.connections
  `.execute(context.db)
  for (const { source, isSandbox } of configured(context)) {
    const held = rows.find((row) => row.source === source)
    if (held === undefined || held.is_sandbox === isSandbox) continue
    const [holds, would] = isSandbox ? ['real', 'sandbox'] : ['sandbox', 'real']
    throw new PipelineError(
      'DATABASE_MIXED',
      `This database holds ${holds} ${source} data, and this configuration would add ${would} data to it. ` +
        `Use another database for one of them: set DATABASE_URL or data_dir.`,
      'never',
    )
  }
}

/** Makes ops.connections equal to the configuration; a connection that is no longer configured stays, inactive. */
export async function syncConnections(context: PipelineContext, trx: Transaction<DB>): Promise<void> {
  const connections = configured(context)
  await sql`
    update ops.connections set is_active = false, updated_at = now()
    where is_active and (source || ' ' || connection) <> all(${connections.map((c) => `${c.source} ${c.connection}`)}::text[])
  `.execute(trx)
  for (const { source, connection, name, timeZone, isSandbox } of connections) {
    await sql`
      insert into ops.connections as held (source, connection, name, time_zone, is_sandbox)
      values (${source}, ${connection}, ${name}, ${timeZone}, ${isSandbox})
      on conflict (source, connection) do update
        set name = excluded.name, time_zone = excluded.time_zone, is_active = true, updated_at = now()
        where (held.name, held.time_zone, held.is_active) is distinct from (excluded.name, excluded.time_zone, true)
    `.execute(trx)
  }
}
