import { sql, type Transaction } from 'kysely'
import type { DB } from '../../db/schema.ts'
import { fetchByIds } from '../../extract/geotab/lookup.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import type { ContextsPass } from './contexts-stage.ts'
import { landFound } from './land-found.ts'
import { keepAliases } from './promotions.ts'
import { geotabDatabase } from './source.ts'
import { touchFacts } from './touch-facts.ts'

/** What facts refer to, where it stands, and which facts do. */
const REFERENCES = [
  {
    entity: 'Device',
    feed: 'devices',
    table: 'base.geotab__devices',
    key: 'device_id',
    in: ['trips', 'exceptions', 'faults'],
  },
  {
    entity: 'User',
    feed: 'users',
    table: 'base.geotab__users',
    key: 'user_id',
    column: 'driver_id',
    in: ['trips', 'exceptions'],
  },
  { entity: 'Rule', feed: 'rules', table: 'base.geotab__rules', key: 'rule_id', in: ['exceptions'] },
  {
    entity: 'Diagnostic',
    feed: 'diagnostics',
    table: 'base.geotab__diagnostics',
    key: 'diagnostic_id',
    in: ['faults'],
  },
] as const

type Reference = (typeof REFERENCES)[number]

const MOST_IDS = 1000

/**
 * Fetches what facts that arrived refer to and we do not hold: a feed may tell of a trip before it tells of its device.
 * What the source does not know either is remembered, and asked for again after a day. Returns how many records came.
 */
export async function lookUpUnknown(context: PipelineContext, pass: ContextsPass): Promise<number> {
  await touchResolved(context, pass)
  let found = 0
  for (const reference of REFERENCES) found += await lookUp(context, pass, reference)
  return found
}

async function lookUp(context: PipelineContext, pass: ContextsPass, reference: Reference): Promise<number> {
  const ids = await unknownIds(context, pass, reference)
  if (ids.length === 0) return 0
  const { client } = geotabDatabase(context, pass.connection)
  const { found, renamed, missing, refused } = await fetchByIds(client, reference.entity, ids, pass.signal)
  const unknown = [...missing, ...refused.map(({ id }) => id)]
  if (reference.entity === 'Diagnostic') {
    const aliases = renamed.map(({ asked, id }) => ({ aliasId: asked, diagnosticId: id, noticedBy: 'source' as const }))
    await keepAliases(context, pass, [], aliases)
  } else unknown.push(...renamed.map(({ asked }) => asked))
  await landFound(context, pass, reference.feed, found, {
    signal: pass.signal,
    also: (trx) => noteUnknown(trx, pass.connection, reference, unknown),
  })
  return found.length
}

async function noteUnknown(
  trx: Transaction<DB>,
  connection: string,
  { entity }: Reference,
  ids: readonly string[],
): Promise<void> {
  await sql`
    insert into base.geotab__unknown_references (connection, entity, reference_id)
    select ${connection}, ${entity}, id from unnest(${ids}::text[]) as u (id)
    on conflict (connection, entity, reference_id) do update set asked_at = now()
  `.execute(trx)
}

const columnOf = (reference: Reference) => ('column' in reference ? reference.column : reference.key)

async function unknownIds(context: PipelineContext, pass: ContextsPass, reference: Reference): Promise<string[]> {
  const column = sql.ref(columnOf(reference))
  const referred = reference.in.map(
    (fact) => sql`
      select ${column} as id from ${sql.table(`base.geotab__${fact}`)}
      where landed_xid >= ${pass.since}::xid8 and connection = ${pass.connection}
    `,
  )
  const { rows } = await sql<{ id: string }>`
    select distinct r.id from (${sql.join(referred, sql` union `)}) as r
    where r.id is not null and r.id <> ''
      and not exists (
        select from ${sql.table(reference.table)} as k
        where k.connection = ${pass.connection} and ${sql.ref(`k.${reference.key}`)} = r.id
      )
      and not exists (
        select from base.geotab__unknown_references as u
        where u.connection = ${pass.connection} and u.entity = ${reference.entity} and u.reference_id = r.id
          and u.asked_at > now() - interval '1 day'
      )
      and not exists (
        select from base.geotab__diagnostic_aliases as a
        where ${reference.entity} = 'Diagnostic' and a.connection = ${pass.connection} and a.alias_id = r.id
      )
    order by 1 limit ${MOST_IDS}
  `.execute(context.db)
  return rows.map(({ id }) => id)
}

/** What was not known and has come after all: the facts of the last weeks that refer to it count as arrived again. */
async function touchResolved(context: PipelineContext, pass: ContextsPass): Promise<void> {
  for (const reference of REFERENCES) {
    await context.db.transaction().execute(async (trx) => {
      await assertRunning(trx, pass.runId)
      const { rows } = await sql<{ id: string }>`
        delete from base.geotab__unknown_references as u using ${sql.table(reference.table)} as k
        where u.connection = ${pass.connection} and u.entity = ${reference.entity}
          and k.connection = u.connection and ${sql.ref(`k.${reference.key}`)} = u.reference_id
        returning u.reference_id as id
      `.execute(trx)
      if (rows.length === 0) return
      const ids = rows.map(({ id }) => id)
      for (const fact of reference.in) {
        const column = columnOf(reference)
        await touchFacts(trx, { connection: pass.connection, fact, column, ids, now: context.clock.now() })
      }
    })
  }
}
