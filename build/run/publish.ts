import { escapeIdentifier, escapeLiteral, type Pool } from 'pg'
import { relationSql } from '../graph/relation.ts'
import type { BuildState, Change } from './build-state.ts'
import { readGrants } from './dependents.ts'
import { grantAlike } from './grants.ts'
import { withOutside } from './publish-lock.ts'
import { recordPublished, type Existing } from './ledger.ts'
import { describe } from './materialize.ts'
import type { Connection, Session } from './session.ts'
import { createOwnSchema, previousOf, droppedOf } from './shadow.ts'
import { recordUndo, type UndoStep } from './undo.ts'

export interface PublishOptions {
  pool: Pool
  /** How long to wait for readers of the old relations. */
  lockTimeoutMs: number
}

/**
 * Puts what was built aside in the place of what stands, in one transaction: nobody sees any of it before the commit.
 * Old tables are kept until the next publish. What other people hang on the old relations goes over to the new ones.
 * Throws a PipelineError BUILD_DEPENDENTS that names what cannot be carried over, BUILD_LOCKED when readers hold a
 * relation too long; then nothing has changed.
 */
export async function publish(
  connection: Connection,
  build: BuildState,
  changes: Change[],
  options: PublishOptions,
  alsoRecord: (session: Session) => Promise<void>,
): Promise<Map<string, number>> {
  const replacing = changes.filter((change) => change.type === 'table' || change.type === 'view')
  const increments = changes.filter((change) => change.type === 'increment')
  const oldOf = ({ node }: Change) => build.existing.get(relationSql(node.relation))
  const replaced = replacing.flatMap((change) => oldOf(change) ?? [])
  const isQuiet = replacing.length === 0 && increments.length === 0
  return connection.transaction(async (session) => {
    const replacedRows = new Map<string, number>()
    const undo: UndoStep[] = []
    await session.script(['set local synchronous_commit = on'])
    const changed = increments.flatMap((change) =>
      change.increment.newColumns.length > 0 ? (oldOf(change) ?? []) : [],
    )
    const standing = build.graph.nodes.filter((node) => node.config.materialized !== 'ephemeral')
    const schemas = [...new Set(standing.map((node) => node.relation.schema))]
    await withOutside(session, { ...options, schemas, pid: connection.pid }, replaced, changed, async () => {
      const grants = await readGrants(
        session,
        replaced.map((old) => old.oid),
      )
      if (!isQuiet) await rotate(session, [...replacing, ...increments])
      for (const change of replacing) undo.push(await undoOf(session, build, change, oldOf(change)))
      await session.script(removeStatements(replaced))
      await session.script(
        replacing.flatMap((change) => {
          if (change.type !== 'table') return []
          return `alter table ${relationSql(change.shadow)} set schema ${escapeIdentifier(change.node.relation.schema)}`
        }),
      )
      for (const change of increments) {
        const step = await applyIncrement(session, build, change)
        replacedRows.set(change.node.id, step.rows)
        undo.push(step.undo)
      }
      for (const change of replacing) {
        const { node } = change
        if (change.type === 'view') {
          await session.query(`create view ${relationSql(node.relation)} as ${change.query}`)
          build.warnings.push(...(await describe(session, node, node.relation, 'view')))
        }
      }
      await grantAlike(
        session,
        replacing.map((change) => ({ relation: change.node.relation, old: oldOf(change) })),
        grants,
      )
    })
    const notes = changes.filter((change) => change.type === 'note')
    for (const { node } of notes) {
      const entry = build.published.get(relationSql(node.relation))
      if (entry !== undefined) undo.push({ type: 'note', entry })
    }
    await recordPublished(
      session,
      build.graph.project.name,
      changes.map((change) => change.entry),
    )
    if (!isQuiet) await recordUndo(session, build.graph, undo)
    await alsoRecord(session)
    return replacedRows
  })
}

/** Makes room for the tables that are now replaced: those of the publish before go. */
async function rotate(session: Session, changes: Change[]): Promise<void> {
  const schemas = [...new Set(changes.map(({ node }) => node.relation.schema))]
  const { rows } = await session.query<{ schema: string }>(
    `select s.schema from unnest($1::text[]) as s (schema) join pg_namespace n on n.nspname = s.schema || '__previous'`,
    [schemas],
  )
  await session.script([
    ...rows.map(
      ({ schema }) =>
        `alter schema ${escapeIdentifier(previousOf(schema))} rename to ${escapeIdentifier(droppedOf(schema))}`,
    ),
    ...schemas.flatMap((schema) => createOwnSchema(previousOf(schema))),
  ])
}

/** Old views are dropped, all at once because they read each other; old tables are moved aside. */
export function removeStatements(replaced: Existing[]): string[] {
  const views = replaced.filter((old) => old.kind === 'view').map(relationSql)
  const tables = replaced.filter((old) => old.kind === 'table')
  return [
    ...(views.length > 0 ? [`drop view ${views.join(', ')}`] : []),
    ...tables.map((old) => `alter table ${relationSql(old)} set schema ${escapeIdentifier(previousOf(old.schema))}`),
  ]
}

async function undoOf(
  session: Session,
  build: BuildState,
  { node, type }: Change,
  old: Existing | undefined,
): Promise<UndoStep> {
  const now = type === 'view' ? ('view' as const) : ('table' as const)
  const entry = build.published.get(relationSql(node.relation)) ?? null
  if (old === undefined || entry === null) return { type: 'remove', relation: node.relation, now }
  if (old.kind === 'table') return { type: 'table', relation: node.relation, now, entry }
  const query = entry.query ?? (await viewQuery(session, old))
  return { type: 'view', relation: node.relation, now, entry, query, comments: await commentsOn(session, old) }
}

async function viewQuery(session: Session, view: Existing): Promise<string> {
  const { rows } = await session.query<{ query: string }>('select pg_get_viewdef($1::oid) as query', [view.oid])
  return (rows[0]?.query ?? '').replace(/;\s*$/, '')
}

async function commentsOn(session: Session, view: Existing): Promise<string[]> {
  const { rows } = await session.query<{ column: string | null; text: string }>(
    `select a.attname as column, d.description as text from pg_description d
     left join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
     where d.classoid = 'pg_class'::regclass and d.objoid = $1 order by d.objsubid`,
    [view.oid],
  )
  const name = relationSql(view)
  return rows.map(({ column, text }) => {
    const on = column === null ? `view ${name}` : `column ${name}.${escapeIdentifier(column)}`
    return `comment on ${on} is ${escapeLiteral(text)}`
  })
}

/** Changes a table in place, and keeps the rows that go. */
async function applyIncrement(
  session: Session,
  build: BuildState,
  { node, increment }: Extract<Change, { type: 'increment' }>,
): Promise<{ rows: number; undo: UndoStep }> {
  const table = relationSql(node.relation)
  const { newColumns, replaced, apply } = increment
  const saved = { schema: previousOf(node.relation.schema), name: node.relation.name }
  let rows = 0
  if (replaced !== null) {
    const kept = await session.query(
      `create table ${relationSql(saved)} as select t.* from ${table} as t where ${replaced}`,
    )
    rows = kept.rowCount ?? 0
  }
  const add = newColumns.map(({ name, type }) => `add column ${escapeIdentifier(name)} ${type}`)
  await session.script([...(add.length > 0 ? [`alter table ${table} ${add.join(', ')}`] : []), ...apply])
  const { rows: transactions } = await session.query<{ xid: string }>('select pg_current_xact_id()::xid::text as xid')
  const entry = build.published.get(table)
  if (entry === undefined) throw new Error(`${table} was not published before its increment`)
  const undo = {
    type: 'increment' as const,
    relation: node.relation,
    entry,
    saved: replaced === null ? null : saved,
    xid: transactions[0]?.xid ?? '',
    newColumns: newColumns.map((column) => column.name),
  }
  return { rows, undo }
}
