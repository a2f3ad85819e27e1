import { DatabaseError, escapeIdentifier, type Pool } from 'pg'
import { messageOf, PipelineError } from '../../core/errors.ts'
import { compileProject, type CompileOptions, type Graph } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Project } from '../project/project.ts'
import { takeBuildLock } from './build-lock.ts'
import { readGrants } from './dependents.ts'
import { grantAlike } from './grants.ts'
import { ensureLedger, existingRelations, forgetMissing, recordPublished, type Published } from './ledger.ts'
import { dependentsError } from './outside.ts'
import { withOutside, type LockOptions } from './publish-lock.ts'
import { withConnections, type Session } from './session.ts'
import { createOwnSchema, droppedOf, dropShadows, previousOf } from './shadow.ts'

/** How one relation is put back to what it was before the last publish; `now` is what stands there since. */
export type UndoStep = { relation?: RelationName } & (
  | { type: 'remove'; relation: RelationName; now: 'view' | 'table' }
  | { type: 'table'; relation: RelationName; now: 'view' | 'table'; entry: Published }
  | { type: 'view'; relation: RelationName; now: 'view' | 'table'; entry: Published; query: string; comments: string[] }
  | {
      type: 'increment'
      relation: RelationName
      entry: Published
      /** Rows that the increment took away or changed. */
      saved: RelationName | null
      /** The transaction that wrote the rows that it brought. */
      xid: string
      newColumns: string[]
    }
  | { type: 'note'; entry: Published }
)

/** Keeps what is needed to take a publish back, in the place of what was kept of the one before. */
export async function recordUndo(session: Session, graph: Graph, steps: UndoStep[]): Promise<void> {
  const target = [graph.project.name, graph.target.schema]
  const schemas = steps.flatMap((step) => step.relation?.schema ?? [])
  // What another project or target could take back in these schemas is no longer kept either.
  await session.query(
    `delete from ops.model_undo where (project, target_schema) = ($1, $2) or (project, target_schema) in
       (select project, target_schema from ops.model_undo where undo->'relation'->>'schema' = any ($3))`,
    [...target, [...new Set(schemas)]],
  )
  await session.query(
    `insert into ops.model_undo (project, target_schema, step, undo)
     select $1, $2, index, undo from jsonb_array_elements($3::jsonb) with ordinality as s (undo, index)`,
    [...target, JSON.stringify(steps)],
  )
}

export interface RollbackResult {
  /** Relations that are again as they were before the last publish, and when that was. */
  restored: RelationName[]
  /** Relations that the last publish made and that are gone. */
  removed: RelationName[]
  publishedAt: Date
}

/**
 * Puts back the generation of relations that the last publish replaced, in one transaction. Throws a PipelineError
 * ROLLBACK_NOTHING when there is none, BUILD_BUSY, BUILD_DEPENDENTS or BUILD_LOCKED; then nothing has changed.
 */
export async function rollbackModels(
  options: CompileOptions & { pool: Pool; project: Project; signal?: AbortSignal; lockTimeoutMs?: number },
): Promise<RollbackResult> {
  const { pool, project, lockTimeoutMs = 30_000 } = options
  const graph = compileProject(project, options)
  const schemas = [...new Set(graph.nodes.map((node) => node.relation.schema))]
  const lock = await takeBuildLock(pool, project.name, schemas)
  const signal = AbortSignal.any([lock.signal, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    return await withConnections(pool, signal, async ({ open }) => {
      const connection = await open()
      await ensureLedger(connection.session)
      const { steps, publishedAt } = await readUndo(connection.session, graph)
      await dropShadows(connection.session, schemas)
      const result = await connection.transaction(async (session) => {
        await undoAll(session, { pool, pid: connection.pid, schemas, lockTimeoutMs }, steps)
        await recordPublished(
          session,
          project.name,
          steps.flatMap((step) => ('entry' in step ? step.entry : [])),
        )
        await forgetMissing(session, project.name)
        await session.query('delete from ops.model_undo where project = $1 and target_schema = $2', [
          project.name,
          graph.target.schema,
        ])
        const of = (isRemoved: boolean) =>
          steps.flatMap((step) => (step.type !== 'note' && (step.type === 'remove') === isRemoved ? step.relation : []))
        return { restored: of(false), removed: of(true), publishedAt }
      })
      await dropShadows(connection.session, schemas)
      return result
    })
  } finally {
    await lock.release()
  }
}

async function readUndo(session: Session, graph: Graph): Promise<{ steps: UndoStep[]; publishedAt: Date }> {
  const { rows } = await session.query<{ undo: UndoStep; published_at: Date }>(
    'select undo, published_at from ops.model_undo where project = $1 and target_schema = $2 order by step',
    [graph.project.name, graph.target.schema],
  )
  const publishedAt = rows[0]?.published_at
  if (publishedAt === undefined) {
    throw new PipelineError(
      'ROLLBACK_NOTHING',
      `There is no earlier generation of ${graph.project.name} in ${graph.target.schema} to put back: nothing was ` +
        'published since the last rollback, or ever. One generation is kept.',
      'never',
    )
  }
  return { steps: rows.map((row) => row.undo), publishedAt }
}

async function undoAll(session: Session, options: LockOptions, steps: UndoStep[]): Promise<void> {
  const swaps = steps.flatMap((step) => (step.type === 'note' || step.type === 'increment' ? [] : step))
  const increments = steps.flatMap((step) => (step.type === 'increment' ? step : []))
  const standing = await existingRelations(
    session,
    [...swaps, ...increments].map((step) => step.relation),
  )
  const current = swaps.flatMap((step) => standing.get(relationSql(step.relation)) ?? [])
  const altered = increments.flatMap((step) =>
    step.newColumns.length > 0 ? (standing.get(relationSql(step.relation)) ?? []) : [],
  )
  await withOutside(session, options, current, altered, async () => {
    const grants = await readGrants(
      session,
      current.map((relation) => relation.oid),
    )
    const views = current.filter((relation) => relation.kind === 'view').map(relationSql)
    const tables = current.filter((relation) => relation.kind === 'table')
    const aside = [...new Set(tables.map((table) => table.schema))]
    await session.script([
      ...aside.flatMap((schema) => createOwnSchema(droppedOf(schema))),
      ...(views.length > 0 ? [`drop view ${views.join(', ')}`] : []),
      ...tables.map(
        (table) => `alter table ${relationSql(table)} set schema ${escapeIdentifier(droppedOf(table.schema))}`,
      ),
    ])
    for (const { relation, saved, xid, newColumns } of increments)
      await undoIncrement(session, relation, saved, xid, newColumns)
    for (const { type, relation } of swaps) {
      if (type !== 'table') continue
      const kept = relationSql({ schema: previousOf(relation.schema), name: relation.name })
      await session.script([`alter table ${kept} set schema ${escapeIdentifier(relation.schema)}`])
    }
    await restoreViews(
      session,
      swaps.flatMap((step) => (step.type === 'view' ? step : [])),
    )
    const restored = swaps.filter((step) => step.type !== 'remove')
    await grantAlike(
      session,
      restored.map(({ relation }) => ({ relation, old: standing.get(relationSql(relation)) })),
      grants,
    )
  })
}

/** Makes views again, each when what it reads is there: they stood in another order than they are built in now. */
async function restoreViews(session: Session, views: Extract<UndoStep, { type: 'view' }>[]): Promise<void> {
  let left = views
  while (left.length > 0) {
    const waiting: typeof left = []
    let failure: unknown
    for (const view of left) {
      try {
        await session.attempt(() => {
          return session.script([`create view ${relationSql(view.relation)} as ${view.query}`, ...view.comments])
        })
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error
        failure = error
        waiting.push(view)
      }
    }
    if (waiting.length === left.length) {
      throw dependentsError(waiting.map(({ relation }) => `view ${relationSql(relation)}: ${messageOf(failure)}`))
    }
    left = waiting
  }
}

async function undoIncrement(
  session: Session,
  relation: RelationName,
  saved: RelationName | null,
  xid: string,
  newColumns: string[],
): Promise<void> {
  const table = relationSql(relation)
  await session.query(`delete from ${table} where xmin = $1::xid`, [xid])
  const drops = newColumns.map((column) => `drop column ${escapeIdentifier(column)}`)
  if (drops.length > 0) await session.script([`alter table ${table} ${drops.join(', ')}`])
  if (saved === null) return
  const { rows } = await session.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [relationSql(saved)],
  )
  const columns = rows[0]?.columns ?? ''
  await session.script([
    `insert into ${table} (${columns}) select ${columns} from ${relationSql(saved)}`,
    `drop table ${relationSql(saved)}`,
  ])
}
