import { setTimeout } from 'node:timers/promises'
import { DatabaseError, escapeIdentifier, escapeLiteral, type Pool } from 'pg'
import { messageOf, PipelineError } from '../../core/errors.ts'
import { grantSql, readDefaultGrants, readDependents, readGrants, type Grant, type OutsideView } from './dependents.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import { aside, type Session } from './session.ts'

/** A relation in a shadow schema that takes the place of another one. */
export interface Replacement {
  shadow: RelationName
  relation: RelationName
  kind: 'view' | 'table'
  old: ExistingRelation | null
}

export interface ExistingRelation extends RelationName {
  oid: number
  kind: 'view' | 'table'
  owner: string
}

/**
 * Puts new relations in the place of old ones in the session's transaction: nobody sees any of it before the commit.
 * Grants go over to the new relations; views of others that read the old ones are made again. Throws a PipelineError
 * BUILD_DEPENDENTS that names what cannot be carried over, BUILD_LOCKED when readers hold a relation too long.
 */
export async function publish(
  session: Session,
  pool: Pool,
  replacements: Replacement[],
  lockTimeoutMs: number,
): Promise<void> {
  const replaced = replacements.flatMap((item) => item.old ?? [])
  const oids = replaced.map((old) => old.oid)
  const schemas = replacements.map((item) => item.relation.schema)
  // The transaction has an old snapshot; grants and views may be younger.
  const { views, lost, grants, defaults } = await aside(pool, async (client) => {
    const dependents = await readDependents(client, oids)
    const all = [...oids, ...dependents.views.map((view) => view.oid)]
    return { ...dependents, grants: await readGrants(client, all), defaults: await readDefaultGrants(client, schemas) }
  })
  if (lost.length > 0) throw dependentsError(lost)
  const locked = [...views.map((view) => ({ ...view, kind: 'view' as const })), ...replaced]
  for (const item of replacements) await grantAlike(session, item, grants, defaults)
  try {
    await lock(session, pool, locked, lockTimeoutMs)
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '42501') throw error
    throw dependentsError(
      locked.map(({ kind, owner, ...name }) => `${kind} ${relationSql(name)} of ${owner}: ${error.message}`),
    )
  }
  await session.script([`set local lock_timeout = ${lockTimeoutMs}`])
  try {
    await session.script(dropStatements(views, replaced))
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '2BP01') throw error
    throw dependentsError((error.detail ?? error.message).split('\n'))
  }
  await session.script(
    replacements.map(({ shadow, relation, kind }) => {
      return `alter ${kind} ${relationSql(shadow)} set schema ${escapeIdentifier(relation.schema)}`
    }),
  )
  await recreate(session, views, grants)
}

async function grantAlike(
  session: Session,
  { shadow, relation, old }: Replacement,
  grants: Grant[],
  defaults: (Grant & { schema: string })[],
): Promise<void> {
  const name = relationSql(shadow)
  if (old === null) {
    const own = defaults.filter((grant) => grant.schema === relation.schema)
    return session.script(own.map((grant) => grantSql(grant, name)))
  }
  const { rows } = await session.query<{ grantee: string; column: string }>(
    `select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee, '' as column
     from pg_class c, aclexplode(c.relacl) a where c.oid = $1::regclass and a.grantee <> c.relowner
     union all
     select '', quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [name],
  )
  const kept = grants.filter((grant) => grant.oid === old.oid)
  const isThere = (grant: Grant) => grant.column === null || rows.some((row) => row.column === grant.column)
  await session.script([
    ...new Set(rows.filter((row) => row.grantee !== '').map((row) => `revoke all on ${name} from ${row.grantee}`)),
    ...kept.filter(isThere).map((grant) => grantSql(grant, name)),
  ])
}

/**
 * Locks what is about to be dropped, all at once or not at all. A reader that holds one relation and wants another
 * would be caught in a deadlock with us; so we give up well before Postgres looks for deadlocks (`deadlock_timeout`),
 * let the readers through and try again, a little more patient each time.
 */
async function lock(session: Session, pool: Pool, relations: ExistingRelation[], timeoutMs: number): Promise<void> {
  if (relations.length === 0) return
  const deadline = performance.now() + timeoutMs
  const { rows } = await session.query<{ patience: number; before: string }>(
    `select (0.4 * setting::int)::int as patience, current_setting('statement_timeout') as before
     from pg_settings where name = 'deadlock_timeout'`,
  )
  const { patience = 400, before = '0' } = rows[0] ?? {}
  // Only for tables is there a LOCK that does not go on to what a view reads; for a view, a change to the same owner.
  const statements = relations.map((relation) => {
    const name = relationSql(relation)
    if (relation.kind === 'view') return `alter view ${name} owner to ${escapeIdentifier(relation.owner)};`
    return `lock table only ${name} in access exclusive mode;`
  })
  for (let wait = Math.min(50, patience); ; wait = Math.min(2 * wait, patience, timeoutMs)) {
    try {
      return await session.attempt(async () => {
        await session.script([`set local statement_timeout = ${wait}`])
        await session.query(`do $lock$ begin ${statements.join('\n')} end $lock$`)
        await session.script([`set local statement_timeout = ${escapeLiteral(before)}`])
      })
    } catch (error) {
      const isBusy = error instanceof DatabaseError && ['57014', '55P03', '40P01'].includes(error.code ?? '')
      if (!isBusy) throw error
      if (performance.now() > deadline) throw await lockedError(pool, session, relations, timeoutMs, error)
    }
    await setTimeout(20 + Math.random() * 80)
  }
}

function dropStatements(views: OutsideView[], replaced: ExistingRelation[]): string[] {
  const oldViews = [...views, ...replaced.filter((old) => old.kind === 'view')].map(relationSql)
  const oldTables = replaced.filter((old) => old.kind === 'table').map(relationSql)
  return [
    ...(oldViews.length > 0 ? [`drop view ${oldViews.join(', ')}`] : []),
    ...(oldTables.length > 0 ? [`drop table ${oldTables.join(', ')}`] : []),
  ]
}

/** Makes the views of others again over the new relations. */
async function recreate(session: Session, views: OutsideView[], grants: Grant[]): Promise<void> {
  const failed: string[] = []
  for (const view of views) {
    const name = relationSql(view)
    try {
      await session.attempt(async () => {
        const options = (view.options ?? []).join(', ')
        await session.query(`create view ${name} ${options === '' ? '' : `with (${options})`} as ${view.definition}`)
        const { rows } = await session.query<{ name: string; type: string }>(
          `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
           where attrelid = $1::regclass and attnum > 0 order by attnum`,
          [name],
        )
        const changed = view.columns.filter((column, index) => column.type !== rows[index]?.type)
        if (changed.length > 0) {
          const types = changed.map((column) => {
            return `${column.name} would change from ${column.type} to ${rows.find((row) => row.name === column.name)?.type}`
          })
          throw new Error(`its column ${types.join(', ')}`)
        }
        const comments = view.columns.flatMap((column) => {
          const text = `comment on column ${name}.${escapeIdentifier(column.name)} is ${escapeLiteral(column.comment ?? '')}`
          return column.comment === null ? [] : text
        })
        if (view.comment !== null) comments.push(`comment on view ${name} is ${escapeLiteral(view.comment)}`)
        const owned = grants.filter((grant) => grant.oid === view.oid).map((grant) => grantSql(grant, name))
        await session.script([...comments, ...owned, `alter view ${name} owner to ${escapeIdentifier(view.owner)}`])
      })
    } catch (error) {
      if (error instanceof PipelineError) throw error
      failed.push(`view ${name}: ${messageOf(error)}`)
    }
  }
  if (failed.length > 0) throw dependentsError(failed)
}

function dependentsError(objects: string[]): PipelineError {
  return new PipelineError(
    'BUILD_DEPENDENTS',
    'Nothing was published: objects outside the models hang on relations that this build replaces, and they cannot ' +
      `be carried over:\n${objects.map((object) => `  ${object}`).join('\n')}\n` +
      'Change or drop them, build, and make them again; or keep the columns that they use.',
    'never',
  )
}

async function lockedError(
  pool: Pool,
  session: Session,
  relations: ExistingRelation[],
  timeoutMs: number,
  cause: unknown,
) {
  const holders = await aside(pool, async (client) => {
    const { rows } = await client.query<{ holder: string }>(
      `select distinct format('process %s (%s) on %s', a.pid, a.application_name, l.relation::regclass) as holder
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.granted and l.relation = any ($1) and l.pid <> $2 order by 1`,
      [relations.map((relation) => relation.oid), session.pid],
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
