import { setTimeout } from 'node:timers/promises'
import { DatabaseError, escapeIdentifier, escapeLiteral, type Pool } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import { relationSql } from '../graph/relation.ts'
import type { Existing } from './ledger.ts'
import { dependentsError, dropOutside, readOutside, recreateOutside, type OutsideObjects } from './outside.ts'
import { aside, type Session } from './session.ts'
import { deltaOf, droppedOf, previousOf, shadowOf } from './shadow.ts'

export interface LockOptions {
  pool: Pool
  /** The server process of the publishing session. */
  pid: number
  /** All schemas that the project publishes to. */
  schemas: string[]
  /** How long to wait for readers of the old relations. */
  lockTimeoutMs: number
}

type Lockable = Pick<Existing, 'schema' | 'name' | 'kind' | 'owner' | 'oid'>

/**
 * Does `work`, which removes the relations `replaced` and changes the columns of `altered`, while both are locked, and
 * carries over what other people hang on them. Throws BUILD_DEPENDENTS, BUILD_LOCKED.
 */
export async function withOutside(
  session: Session,
  options: LockOptions,
  replaced: Existing[],
  altered: Existing[],
  work: () => Promise<void>,
): Promise<void> {
  if (replaced.length + altered.length === 0) return work()
  await keepAutovacuumAway(session, options, [...replaced, ...altered])
  const outside = await lockAll(session, options, replaced, altered)
  await session.script([`set local lock_timeout = ${options.lockTimeoutMs}`, ...dropOutside(outside.objects)])
  await work()
  await recreateOutside(session, outside.objects)
}

/**
 * Autovacuum gives way only to who waits for longer than `deadlock_timeout`, which lockAll never does. Readers do not
 * notice this lock, and it lasts until the commit.
 */
async function keepAutovacuumAway(session: Session, { pool, pid, lockTimeoutMs }: LockOptions, relations: Existing[]) {
  const tables = relations.filter(({ kind }) => kind === 'table')
  try {
    await session.script([
      `set local lock_timeout = ${lockTimeoutMs}`,
      ...tables.map((table) => `lock table only ${relationSql(table)} in share update exclusive mode`),
      'set local lock_timeout = 0',
    ])
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    if (error.code === '42501') throw dependentsError([error.message])
    throw error.code === '55P03' ? await lockedError(pool, pid, tables, lockTimeoutMs, error) : error
  }
}

/**
 * Locks what is about to go, all at once or not at all. A reader that holds one relation and wants another would be
 * caught in a deadlock with us; so we give up well before Postgres looks for deadlocks (`deadlock_timeout`), let the
 * readers through and try again, a little more patient each time.
 */
async function lockAll(
  session: Session,
  { pool, pid, schemas, lockTimeoutMs }: LockOptions,
  replaced: Existing[],
  altered: Existing[],
): Promise<OutsideObjects> {
  const deadline = performance.now() + lockTimeoutMs
  const oids = replaced.map((old) => old.oid)
  const { rows } = await session.query<{ patience: number; before: string }>(
    `select (0.4 * setting::int)::int as patience, current_setting('statement_timeout') as before
     from pg_settings where name = 'deadlock_timeout'`,
  )
  const { patience = 400, before = '0' } = rows[0] ?? {}
  for (let wait = Math.min(50, patience); ; wait = Math.min(2 * wait, patience, lockTimeoutMs)) {
    let relations: Lockable[] = [...replaced, ...altered]
    const lock = async (some: Lockable[]) => {
      await session.script([`set local statement_timeout = ${wait}`])
      await session.query(`do $lock$ begin ${some.map(lockStatement).join('\n')} end $lock$`)
      await session.script([`set local statement_timeout = ${escapeLiteral(before)}`])
    }
    try {
      return await session.attempt(async () => {
        await lock(relations)
        const own = await ownRelations(session, schemas)
        const outside = await readOutside(session, oids, own)
        if (outside.lost.length > 0) throw dependentsError(outside.lost)
        const theirs = outside.objects.flatMap((object) => object.locked ?? [])
        if (theirs.length === 0) return outside
        relations = [...relations, ...theirs]
        await lock(theirs)
        // Until now somebody could hang something on what hangs on ours.
        const now = await readOutside(session, oids, own)
        if (JSON.stringify(now) !== JSON.stringify(outside)) throw new OutsideChanged()
        return now
      })
    } catch (error) {
      if (error instanceof DatabaseError && error.code === '42501') throw dependentsError([error.message])
      const isBusy = error instanceof DatabaseError && ['57014', '55P03', '40P01'].includes(error.code ?? '')
      if (!isBusy && !(error instanceof OutsideChanged)) throw error
      if (performance.now() > deadline) throw await lockedError(pool, pid, relations, lockTimeoutMs, error)
    }
    await setTimeout(20 + Math.random() * 80)
  }
}

/** The builder's relations of other generations, in any schema, which may refer to those of this one. */
async function ownRelations(session: Session, schemas: string[]): Promise<number[]> {
  const { rows } = await session.query<{ oid: number }>(
    `select c.oid::bigint::float8 as oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any ($1) and c.relkind in ('r', 'v')`,
    [schemas.flatMap((schema) => [shadowOf(schema), deltaOf(schema), previousOf(schema), droppedOf(schema)])],
  )
  return rows.map((row) => row.oid)
}

/** Somebody hung something on a relation between the look and the lock. */
class OutsideChanged extends Error {}

// Only for tables is there a LOCK that does not go on to what a view reads; for a view (a materialized one too), a change
// to the same owner.
function lockStatement(relation: Lockable): string {
  const name = relationSql(relation)
  if (relation.kind === 'view') return `alter table ${name} owner to ${escapeIdentifier(relation.owner)};`
  return `lock table only ${name} in access exclusive mode;`
}

async function lockedError(pool: Pool, own: number, relations: Lockable[], timeoutMs: number, cause: unknown) {
  const holders = await aside(pool, async (client) => {
    const { rows } = await client.query<{ holder: string }>(
      `select distinct format('process %s (%s) on %s', a.pid, a.application_name, l.relation::regclass) as holder
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.granted and l.relation = any ($1) and l.pid <> all ($2) order by 1`,
      [relations.map((relation) => relation.oid), [own]],
    )
    return rows.map((row) => row.holder)
  })
  return new PipelineError(
    'BUILD_LOCKED',
    `Nothing was published: other sessions kept relations locked for ${timeoutMs / 1000} s that this build replaces` +
      `${holders.length > 0 ? `: ${holders.join(', ')}` : ''}. Build again, or end those sessions.`,
    'later',
    { cause },
  )
}
