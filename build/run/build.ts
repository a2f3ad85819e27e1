import { randomUUID } from 'node:crypto'
import { DatabaseError, type Pool } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import { compileProject, type CompileOptions, type Graph, type GraphNode } from '../graph/graph.ts'
import { relationSql } from '../graph/relation.ts'
import type { Project } from '../project/project.ts'
import { takeBuildLock } from './build-lock.ts'
import { BuildState, type Change } from './build-state.ts'
import { makeEmptyInputs } from './empty-inputs.ts'
import {
  ensureLedger,
  existingRelations,
  forgetMissing,
  orphansOf,
  publishedRelations,
  type Existing,
  type Published,
} from './ledger.ts'
import { heldGroups, isFailure, planTasks } from './tasks.ts'
import { publish } from './publish.ts'
import type { BuildEvent, BuildResult } from './result.ts'
import { runTasks } from './schedule.ts'
import { aside, sessionOver, withConnections, type Connection, type Connections, type Session } from './session.ts'
import { dropShadows, hasShadows, prepareShadows } from './shadow.ts'
import { analyzeStale, refreshStatistics } from './source-statistics.ts'
import { readTestMemory, recordTests } from './test-memory.ts'
import { sourceIdentities, sourceVersions } from './versions.ts'

export interface BuildOptions extends CompileOptions {
  pool: Pool
  project: Project
  /** Ids of the nodes, tests and unit tests to build and run; default all. */
  selected?: Set<string>
  /** Builds everything anew, incremental models too. */
  fullRefresh?: boolean
  /** Builds on no rows, to see that everything can be built; never replaces a relation that stands. */
  empty?: boolean
  /** Begins nothing more after the first failure. */
  failFast?: boolean
  /** Connections that build at the same time; default 4. */
  threads?: number
  /** Told after each model and test. */
  onProgress?: (event: BuildEvent) => void
  signal?: AbortSignal
  /** How long publishing waits for readers of the old relations; default 30 s. */
  lockTimeoutMs?: number
}

/**
 * Builds what differs from what is published aside, tests it, and publishes it in one transaction. What fails is in
 * the result, and its group is not published; a rejection is a PipelineError: MODELS_INVALID, BUILD_BUSY,
 * BUILD_CANCELLED, BUILD_DISCONNECTED, BUILD_CONFLICT, BUILD_DEPENDENTS, BUILD_LOCKED, BUILD_EMPTY or BUILD_REFUSED.
 * In every case but a published one readers have what they had.
 */
export async function buildModels(options: BuildOptions): Promise<BuildResult> {
  const startedAt = new Date()
  const started = performance.now()
  const graph = compileProject(options.project, options)
  const schemas = schemasOf(graph)
  const lock = await takeBuildLock(options.pool, options.project.name, schemas)
  const signal = AbortSignal.any([lock.signal, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    const result = await withConnections(options.pool, signal, (connections) =>
      build(connections, graph, schemas, options),
    )
    const seconds = (performance.now() - started) / 1000
    return { invocationId: randomUUID(), startedAt, ...result, seconds }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const message = `Postgres refuses the build: ${[error.message, error.detail, error.hint].flatMap((text) => text?.replace(/\.$/, '') ?? []).join('. ')}`
    // Classes 08, 40, 53 and 57 pass: the connection, a deadlock, no room, a restart.
    const retry = /^(08|40|53|57)/.test(error.code ?? '') ? 'later' : 'never'
    const advice =
      error.code === '53200' ? ' Raise max_locks_per_transaction, or build fewer models with --select.' : ''
    throw new PipelineError('BUILD_REFUSED', `${message}. Nothing was published.${advice}`, retry, { cause: error })
  } finally {
    await lock.release()
  }
}

/** The schemas that a project publishes to. */
export function schemasOf(graph: Graph): string[] {
  const standing = graph.nodes.filter((node) => node.config.materialized !== 'ephemeral')
  return [...new Set(standing.map((node) => node.relation.schema))]
}

async function build(
  connections: Connections,
  graph: Graph,
  schemas: string[],
  options: BuildOptions,
): Promise<Omit<BuildResult, 'seconds' | 'startedAt' | 'invocationId'>> {
  const connection = await connections.open()
  await ensureLedger(connection.session)
  const isLittered = await hasShadows(connection.session, schemas)
  const state = await readState(connection.session, graph, options)
  const memory = await readTestMemory(connection.session, graph)
  // Only a build that makes something needs its schemas, fresh statistics and more connections.
  let preparing: Promise<void> | undefined
  const prepare = () => (preparing ??= prepareAll(connection, state, schemas))
  let isFirst = true
  const open = async () => {
    const isOwn = isFirst
    isFirst = false
    await prepare()
    const next = isOwn ? connection : await connections.open()
    await next.session.script(BUILD_SETTINGS)
    return next
  }
  try {
    await runTasks(
      planTasks(state, memory, options),
      Math.max(1, Math.min(options.threads ?? 4, (options.pool.options.max ?? 10) - 2)),
      { open },
    )
    const held = heldGroups(state)
    let changes = inOrder(state).filter(({ node }) => !held.has(node.publishGroup))
    if (state.isEmpty && changes.some(({ node }) => state.existing.has(relationSql(node.relation)))) {
      state.warnings.push(
        'built on no rows as a trial: nothing is published, because that would empty relations that stand',
      )
      changes = []
    }
    const record = (session: Session) => recordTests(session, graph, memory, state.isEmpty ? [] : state.tests)
    if (changes.length === 0) await connection.transaction(record)
    const publishOptions = { pool: options.pool, lockTimeoutMs: options.lockTimeoutMs ?? 30_000 }
    const replaced =
      changes.length === 0
        ? new Map<string, number>()
        : await publish(connection, state, changes, publishOptions, async (session) => {
            await record(session)
            await forgetMissing(session, graph.project.name)
          })
    await analyzeIncremented(connection.session, state, changes)
    return resultOf(state, held, changes, replaced)
  } finally {
    if (isLittered || preparing !== undefined) await dropShadowsAside(options.pool, schemas)
  }
}

/** What there is before a build. Throws BUILD_CONFLICT. */
export async function readState(
  session: Session,
  graph: Graph,
  options: Pick<BuildOptions, 'selected' | 'fullRefresh' | 'empty'>,
): Promise<BuildState> {
  const isSelected = ({ id }: { id: string }) => options.selected?.has(id) ?? true
  const nodes = graph.nodes.filter(isSelected)
  const tests = graph.tests.filter(isSelected)
  const standing = graph.nodes.filter((node) => node.config.materialized !== 'ephemeral')
  // Before everything else is read: what becomes visible later is read again by the next build.
  const { rows } = await session.query<{ snapshot: string; quarter_hour: string; time_zone: string }>(
    `select pg_current_snapshot()::text as snapshot, floor(extract(epoch from now()) / 900)::text as quarter_hour,
       current_setting('TimeZone') as time_zone`,
  )
  const published = await publishedRelations(session, graph.project.name)
  const existing = await existingRelations(
    session,
    standing.map((node) => node.relation),
  )
  refuseForeign(graph, nodes, published, existing)
  const sources = new Map([...graph.nodes, ...tests].flatMap((reader) => [...reader.sources]))
  return new BuildState({
    graph,
    selected: new Set([...nodes, ...tests, ...graph.unitTests.filter(isSelected)].map(({ id }) => id)),
    isFullRefresh: options.fullRefresh === true,
    isEmpty: options.empty === true,
    published,
    existing,
    versions: await sourceVersions(session, [...sources.values()]),
    system: await systemOf(session),
    snapshot: rows[0]?.snapshot ?? '',
    quarterHour: rows[0]?.quarter_hour ?? '',
    timeZone: rows[0]?.time_zone ?? '',
    identities: await sourceIdentities(session, [...sources.values()]),
    emptied: new Map(),
  })
}

/** Throws when something that is to be built stands there and is not the work of an earlier build of the project. */
function refuseForeign(
  graph: Graph,
  nodes: GraphNode[],
  published: Map<string, Published>,
  existing: Map<string, Existing>,
): void {
  const foreign = nodes.flatMap(({ relation }) => {
    const name = relationSql(relation)
    const found = existing.get(name)
    return found !== undefined && (!published.has(name) || !/^[vr]$/.test(found.relkind)) ? name : []
  })
  if (foreign.length === 0) return
  throw new PipelineError(
    'BUILD_CONFLICT',
    `These relations were not made by a build of ${graph.project.name}, so they are not replaced: ${foreign.join(', ')}. ` +
      'Rename or drop them, or give the models another schema or alias.',
    'never',
  )
}

/** The cluster that transaction ids belong to; null when this role may not ask. */
async function systemOf(session: Session): Promise<string | null> {
  const { rows: allowed } = await session.query<{ ok: boolean }>(
    `select has_function_privilege('pg_control_system()', 'execute') as ok`,
  )
  if (allowed[0]?.ok !== true) return null
  const { rows } = await session.query<{ system: string }>(
    'select system_identifier::text as system from pg_control_system()',
  )
  return rows[0]?.system ?? null
}

async function prepareAll(connection: Connection, state: BuildState, schemas: string[]): Promise<void> {
  await prepareShadows(connection.session, schemas)
  if (state.isEmpty) await makeEmptyInputs(connection.session, state)
  else await refreshStatistics(connection.session, state.graph)
}

/** The changes in the order in which nodes are built, as views need what they read. */
function inOrder(state: BuildState): Change[] {
  const order = new Map(state.graph.nodes.map((node, index) => [node.id, index]))
  return state.changes.toSorted((a, b) => (order.get(a.node.id) ?? 0) - (order.get(b.node.id) ?? 0))
}

/** Renews statistics that are stale after the publish, which stands whatever becomes of them. */
async function analyzeIncremented(session: Session, state: BuildState, changes: Change[]): Promise<void> {
  const tables = changes.flatMap(({ type, node }) => (type === 'increment' ? node.relation : []))
  try {
    await analyzeStale(session, tables)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    state.warnings.push(`published, but statistics were not renewed: ${error.message}`)
  }
}

/** Drops the build's schemas on a connection of its own: the build's may be cancelled or lost. */
async function dropShadowsAside(pool: Pool, schemas: string[]): Promise<void> {
  try {
    await aside(pool, async (client) => {
      // Somebody may read the relations that go, such as pg_dump; the next build drops them then.
      await client.query(`set lock_timeout = '5s'`)
      await dropShadows(sessionOver(client), schemas)
    })
  } catch (error) {
    // A database that cannot be reached now has the leftovers dropped by the next build.
    if (!(error instanceof Error)) throw error
  }
}

function resultOf(
  state: BuildState,
  held: Set<string>,
  changes: Change[],
  replaced: Map<string, number>,
): Omit<BuildResult, 'seconds' | 'startedAt' | 'invocationId'> {
  const published = new Set(changes.map(({ node }) => node.id))
  const groupOf = new Map(state.graph.nodes.map((node) => [node.id, node.publishGroup]))
  for (const node of state.results) {
    node.isPublished = node.status === 'unchanged' || (node.status === 'built' && published.has(node.id))
    node.replaced = replaced.get(node.id) ?? null
    if (node.status === 'built' && held.has(groupOf.get(node.id) ?? ''))
      node.message = 'built, not published: its group was held back'
  }
  const groups = [...new Set(groupOf.values())].map((name) => ({ name, isPublished: !held.has(name) }))
  return {
    published: ![...state.results, ...state.tests].some(isFailure) && held.size === 0,
    nodes: state.results,
    tests: state.tests,
    groups,
    orphans: orphansOf(state.graph, state.published),
    warnings: [...state.graph.project.warnings, ...state.warnings],
  }
}

const BUILD_SETTINGS = [
  // Whole tables are sorted and joined: a server's usual 4 MB would send each of them to disk. Never lowered.
  ...['work_mem', 'maintenance_work_mem'].map(
    (name) =>
      `select set_config('${name}', greatest(pg_size_bytes(current_setting('${name}')), pg_size_bytes('128MB')) / 1024 || 'kB', false)`,
  ),
  // Compiling a query takes longer than most of ours run.
  'set jit = off',
  // When this process dies, the server stops what it runs for it; without, the next build waits until that has ended.
  `select set_config(name, '1s', false) from pg_settings
   where name = 'client_connection_check_interval' and version() !~* 'mingw|visual|windows'`,
  // What is built aside is lost with a crash anyway; the publish waits for its own commit, which waits for all before it.
  'set synchronous_commit = off',
]
