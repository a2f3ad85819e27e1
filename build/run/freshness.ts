import type { Pool } from 'pg'
import { messageOf } from '../../core/errors.ts'
import type { FreshnessResult } from '../artifacts/sources.ts'
import { sourceName } from '../graph/context.ts'
import { compileProject, type CompileOptions } from '../graph/graph.ts'
import { relationSql } from '../graph/relation.ts'
import type { Freshness } from '../project/properties-file.ts'
import type { Source } from '../project/properties.ts'
import type { Project } from '../project/project.ts'
import { withConnections, type Session } from './session.ts'

/** Asks each source that has freshness criteria for its newest row. A source that cannot be asked is in the result. */
export async function readFreshness(
  options: CompileOptions & { pool: Pool; project: Project; selected?: Set<string>; signal?: AbortSignal },
): Promise<FreshnessResult[]> {
  const graph = compileProject(options.project, options)
  const asked = [...graph.sources.values()].flatMap((source) => {
    const id = `source.${graph.project.name}.${sourceName(source)}`
    const { freshness, loadedAtField } = source
    const hasLimit = freshness?.warn_after != null || freshness?.error_after != null
    if (!hasLimit || loadedAtField === null || options.selected?.has(id) === false) return []
    return { id, source, freshness, loadedAtField }
  })
  return withConnections(options.pool, options.signal ?? new AbortController().signal, async ({ open }) => {
    const connection = await open()
    const results: FreshnessResult[] = []
    for (const { id, source, freshness, loadedAtField } of asked) {
      const ask = (session: Session) => ageOf(session, id, source, freshness, loadedAtField)
      try {
        results.push(await connection.transaction(ask, 'isolation level repeatable read, read only'))
      } catch (error) {
        if (!(error instanceof Error) || !('severity' in error)) throw error
        results.push({ id, status: 'runtime error', error: `${source.file.source.file}: ${messageOf(error)}` })
      }
    }
    return results
  })
}

async function ageOf(
  session: Session,
  id: string,
  { relation }: Source,
  criteria: Freshness,
  field: string,
): Promise<FreshnessResult> {
  const startedAt = new Date()
  const started = performance.now()
  const filter = criteria.filter == null ? '' : `where ${criteria.filter}`
  const { rows } = await session.query<{ max_loaded_at: Date | null; now: Date }>(
    `select max(${field})::timestamptz as max_loaded_at, now() as now from ${relationSql(relation)} ${filter}`,
  )
  const { max_loaded_at: newest = null, now: snapshottedAt = startedAt } = rows[0] ?? {}
  // As in dbt, a source without rows is as old as can be.
  const maxLoadedAt = newest ?? new Date('0001-01-01T00:00:00Z')
  const ageSeconds = (snapshottedAt.getTime() - maxLoadedAt.getTime()) / 1000
  const isPast = (limit: Freshness['warn_after']) => limit != null && ageSeconds > limit.count * SECONDS[limit.period]
  const status = isPast(criteria.error_after) ? 'error' : isPast(criteria.warn_after) ? 'warn' : 'pass'
  const seconds = (performance.now() - started) / 1000
  return { id, status, maxLoadedAt, snapshottedAt, ageSeconds, criteria, startedAt, seconds, thread: 'Thread-1' }
}

const SECONDS = { minute: 60, hour: 3600, day: 86_400 }
