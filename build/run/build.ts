import { DatabaseError, escapeIdentifier, type Pool } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import { takeBuildLock } from './build-lock.ts'
import { compileProject, renderModel, type CompileOptions, type Graph, type Model } from '../graph/graph.ts'
import { ensureLedger, publishedRelations, recordPublished, type Orphan } from './ledger.ts'
import { materialize, type Placement } from './materialize.ts'
import type { Project } from '../project/project.ts'
import { publish, type ExistingRelation, type Replacement } from './publish.ts'
import { relationSql } from '../graph/relation.ts'
import { runTest, skippedTest, type TestResult } from './run-tests.ts'
import { transaction, type Session } from './session.ts'
import { refreshStatistics } from './source-statistics.ts'
import { statementError } from './statement-error.ts'

interface NodeResult {
  name: string
  schema: string
  kind: Model['config']['materialized']
  /** `skipped` when a model it reads failed. */
  status: 'built' | 'failed' | 'skipped'
  /** Rows of the new table, or rows that an incremental model added; null for a view. */
  rows: number | null
  seconds: number
  error: PipelineError | null
}

export type BuildEvent = { index: number; total: number } & (
  | { type: 'model'; node: NodeResult }
  | { type: 'test'; test: TestResult }
)

export interface BuildOptions extends CompileOptions {
  pool: Pool
  project: Project
  /** Builds incremental models anew. */
  fullRefresh?: boolean
  /** Told after each model and test. */
  onProgress?: (event: BuildEvent) => void
  signal?: AbortSignal
  /** How long publishing waits for readers of the old relations; default 30 s. */
  lockTimeoutMs?: number
}

export interface BuildResult {
  /** False when a model or a test of severity `error` failed: then nothing has changed. */
  published: boolean
  nodes: NodeResult[]
  tests: TestResult[]
  /** Relations of earlier builds whose model is gone; they are left as they are. */
  orphans: Orphan[]
  warnings: string[]
  seconds: number
}

/**
 * Builds all models aside, tests them, and publishes them together, in one transaction. What fails is in the result;
 * a rejection is a PipelineError: MODELS_INVALID, BUILD_BUSY, BUILD_CANCELLED, BUILD_DISCONNECTED, BUILD_CONFLICT,
 * BUILD_DEPENDENTS, BUILD_LOCKED or BUILD_REFUSED. In every case but a published one the database is as it was.
 */
export async function buildModels(options: BuildOptions): Promise<BuildResult> {
  const started = performance.now()
  const graph = compileProject(options.project, options)
  const lock = await takeBuildLock(options.pool, options.project.name)
  const signal = AbortSignal.any([lock.signal, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    const result = await transaction(options.pool, 'isolation level repeatable read', signal, async (session) => {
      const value = await build(session, graph, options)
      return { commit: value.published, value }
    })
    return { ...result, seconds: (performance.now() - started) / 1000 }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const message = `Postgres refuses the build: ${[error.message, error.detail, error.hint].filter(Boolean).join(' ')}`
    // Classes 08, 40, 53 and 57 pass: the connection, a deadlock, no room, a restart.
    const retry = /^(08|40|53|57)/.test(error.code ?? '') ? 'later' : 'never'
    throw new PipelineError('BUILD_REFUSED', `${message}. Nothing was published.`, retry, { cause: error })
  } finally {
    await lock.release()
  }
}

// One connection sorts and joins whole tables: a server's usual 4 MB would send each of them to disk. Never lowered.
const BUILD_MEMORY = ['work_mem', 'maintenance_work_mem'].map(
  (name) =>
    `select set_config('${name}', greatest(pg_size_bytes(current_setting('${name}')), pg_size_bytes('128MB')) / 1024 || 'kB', true)`,
)

async function build(session: Session, graph: Graph, options: BuildOptions): Promise<Omit<BuildResult, 'seconds'>> {
  await session.script(BUILD_MEMORY)
  await refreshStatistics(session, graph.project)
  await ensureLedger(session)
  const published = await publishedRelations(session, graph.project.name)
  const existing = await existingRelations(session, graph, published)
  const placements = graph.models.map((model) => place(model, existing, options.fullRefresh === true))
  const schemas = [...new Set(graph.models.map((model) => model.relation.schema))]
  await session.script(
    schemas.flatMap((schema) => [
      `create schema if not exists ${escapeIdentifier(schema)}`,
      `create schema ${escapeIdentifier(shadowOf(schema))}`,
    ]),
  )
  const { nodes, warnings } = await buildNodes(session, graph, placements, options)
  const tests = await runTests(session, graph, placements, nodes, options)
  const current = new Set(graph.models.map((model) => relationSql(model.relation)))
  const orphans = [...published].flatMap(([name, relation]) => (current.has(name) ? [] : relation))
  const isGood =
    nodes.every((node) => node.status === 'built') && !tests.some((test) => /^(fail|error)$/.test(test.status))
  if (isGood) {
    const replacements = placements.flatMap((placement) => replacementOf(placement, existing) ?? [])
    await publish(session, options.pool, replacements, options.lockTimeoutMs ?? 30_000)
    await session.script(schemas.map((schema) => `drop schema ${escapeIdentifier(shadowOf(schema))}`))
    await recordPublished(session, graph, orphans)
  }
  return { published: isGood, nodes, tests, orphans, warnings }
}

const shadowOf = (schema: string) => `${schema}__next`

function place(model: Model, existing: Map<string, ExistingRelation>, fullRefresh: boolean): Placement {
  const isTable = existing.get(relationSql(model.relation))?.kind === 'table'
  const isRefreshed = model.config.full_refresh ?? fullRefresh
  const isInPlace = model.config.materialized === 'incremental' && isTable && !isRefreshed
  const { schema, name } = model.relation
  return { model, isInPlace, place: isInPlace ? model.relation : { schema: shadowOf(schema), name } }
}

function replacementOf({ model, place: shadow, isInPlace }: Placement, existing: Map<string, ExistingRelation>) {
  if (isInPlace) return null
  const { relation } = model
  const kind = model.config.materialized === 'view' ? 'view' : 'table'
  return { shadow, relation, kind, old: existing.get(relationSql(relation)) ?? null } satisfies Replacement
}

/** What stands where the models go. Throws when it is not the work of an earlier build of the project. */
async function existingRelations(session: Session, graph: Graph, published: Map<string, Orphan>) {
  const { rows } = await session.query<ExistingRelation & { relkind: string }>(
    `select c.oid, n.nspname as schema, c.relname as name, c.relkind, pg_get_userbyid(c.relowner) as owner,
       case c.relkind when 'v' then 'view' else 'table' end as kind
     from unnest($1::text[], $2::text[]) m (schema, name)
     join pg_namespace n on n.nspname = m.schema
     join pg_class c on c.relnamespace = n.oid and c.relname = m.name`,
    [graph.models.map((model) => model.relation.schema), graph.models.map((model) => model.relation.name)],
  )
  const foreign = rows.filter((row) => !published.has(relationSql(row)) || !/^[vr]$/.test(row.relkind)).map(relationSql)
  if (foreign.length === 0) return new Map(rows.map((row) => [relationSql(row), row]))
  throw new PipelineError(
    'BUILD_CONFLICT',
    `These relations were not made by a build of ${graph.project.name}, so they are not replaced: ${foreign.join(', ')}. ` +
      'Rename or drop them, or give the models another schema or alias.',
    'never',
  )
}

async function buildNodes(session: Session, graph: Graph, placements: Placement[], options: BuildOptions) {
  const nodes: NodeResult[] = []
  const warnings = [...graph.project.warnings]
  for (const placement of placements) {
    const { model, isInPlace } = placement
    const started = performance.now()
    const { name, relation, config } = model
    const node: NodeResult = {
      name,
      schema: relation.schema,
      kind: config.materialized,
      status: 'skipped',
      rows: null,
      seconds: 0,
      error: null,
    }
    if (nodes.every((other) => other.status === 'built' || !model.dependsOn.has(other.name))) {
      const compiled = renderModel(graph, model, { isIncremental: isInPlace, relationOf: placeIn(placements) })
      try {
        const made = await session.attempt(() => materialize(session, placement, compiled))
        warnings.push(...made.warnings)
        Object.assign(node, { status: 'built', rows: made.rows })
      } catch (error) {
        Object.assign(node, { status: 'failed', error: statementError(error, compiled) })
      }
      node.seconds = (performance.now() - started) / 1000
    }
    nodes.push(node)
    options.onProgress?.({ type: 'model', node, index: nodes.length, total: placements.length })
  }
  return { nodes, warnings }
}

async function runTests(
  session: Session,
  graph: Graph,
  placements: Placement[],
  nodes: NodeResult[],
  options: BuildOptions,
) {
  const tests: TestResult[] = []
  const built = new Set(nodes.filter((node) => node.status === 'built').map((node) => node.name))
  for (const test of graph.tests) {
    const isReady = test.dependsOn.every((name) => built.has(name))
    const result = isReady ? await runTest(session, graph, test, placeIn(placements)) : skippedTest(test)
    tests.push(result)
    options.onProgress?.({ type: 'test', test: result, index: tests.length, total: graph.tests.length })
  }
  return tests
}

function placeIn(placements: Placement[]) {
  const places = new Map(placements.map((placement) => [placement.model.name, placement.place]))
  return (name: string) => {
    const found = places.get(name)
    if (found === undefined) throw new Error(`there is no model ${name}`)
    return found
  }
}
