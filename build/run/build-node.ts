import { randomUUID } from 'node:crypto'
import { messageOf, PipelineError } from '../../core/errors.ts'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql } from '../graph/relation.ts'
import { publishedPlaces, renderNode } from '../graph/render-node.ts'
import { PlacedError, projectError } from '../template/problem.ts'
import type { Compiled } from '../template/render.ts'
import { STANDING, type BuildState } from './build-state.ts'
import type { Made } from './increment.ts'
import type { Published } from './ledger.ts'
import { materialize } from './materialize.ts'
import { planNode, type NodePlan } from './plan-node.ts'
import type { NodeResult } from './result.ts'
import type { Connection, Session } from './session.ts'
import { deltaOf, shadowOf } from './shadow.ts'
import { statementError } from './statement-error.ts'

/** Builds a node aside where what is published differs from what it would be, and notes what is to be published. */
export async function buildNode(
  build: BuildState,
  node: GraphNode,
  connect: () => Promise<Connection>,
  thread: string,
): Promise<NodeResult> {
  const startedAt = new Date()
  const started = performance.now()
  const result = emptyResult(node, thread, startedAt)
  build.results.push(result)
  try {
    const status = await buildOrKeep(build, node, connect, result)
    Object.assign(result, { status })
  } catch (error) {
    if (error instanceof PipelineError && /^(BUILD_|LOCK_)/.test(error.code)) throw error
    const failure = error instanceof PlacedError ? projectError([error.problem]) : error
    if (!(failure instanceof PipelineError)) throw error
    Object.assign(result, { status: 'failed', error: failure, message: failure.message })
    skip(build, node)
  }
  result.seconds = (performance.now() - started) / 1000
  return result
}

/** The result of a node that is not built because something it needs failed. */
export function skipNode(build: BuildState, node: GraphNode, thread: string, reason: string): NodeResult {
  const result = { ...emptyResult(node, thread, null), message: reason }
  build.results.push(result)
  skip(build, node)
  return result
}

function skip(build: BuildState, node: GraphNode): void {
  build.set(node.name, { ...STANDING, isUsable: false, token: randomUUID(), place: node.relation, snapshot: null })
}

function emptyResult(node: GraphNode, thread: string, startedAt: Date | null): NodeResult {
  const { id, name, kind, relation, config } = node
  return {
    id,
    name,
    resource: kind,
    schema: relation.schema,
    relation: relation.name,
    kind: config.materialized,
    status: 'skipped',
    isPublished: false,
    rows: null,
    replaced: null,
    startedAt,
    seconds: 0,
    thread,
    compiledSql: null,
    message: '',
    error: null,
  }
}

async function buildOrKeep(
  build: BuildState,
  node: GraphNode,
  connect: () => Promise<Connection>,
  result: NodeResult,
): Promise<NodeResult['status']> {
  const plan = planNode(build, node)
  if (plan.action === 'keep') {
    const { token } = plan.published
    // What it was made from has not changed since, so it holds what is visible now.
    const snapshot = build.snapshotOf(node)
    build.set(node.name, { ...STANDING, token, place: node.relation, snapshot })
    return 'unchanged'
  }
  if (plan.action === 'keep view') return keepView(build, node, plan.published, plan.inputs, connect)
  await make(build, node, plan, await connect(), result)
  return 'built'
}

/** A view that needs no change. While what it reads waits for the publish, this build reads a copy of it. */
async function keepView(
  build: BuildState,
  node: GraphNode,
  published: Published,
  inputs: string,
  connect: () => Promise<Connection>,
): Promise<NodeResult['status']> {
  const token = published.isTimeless ? inputs : randomUUID()
  const isPending = build.parentsOf(node).some((parent) => parent.isPending)
  const place = isPending ? { schema: shadowOf(node.relation.schema), name: node.relation.name } : node.relation
  if (isPending) {
    const compiled = renderNode(build.graph, node, build.places, { isIncremental: false })
    const connection = await connect()
    const making = { node, compiled, shadow: place, delta: place, isIncrement: false, places: build.places }
    await attempt(compiled, () => materialize(connection.session, making))
  }
  const snapshot = build.snapshotOf(node)
  build.set(node.name, { ...STANDING, token, place, isPending, snapshot })
  if (token !== published.token)
    build.changes.push({ type: 'note', node, entry: { ...published, inputs, token, snapshot } })
  return 'unchanged'
}

async function make(
  build: BuildState,
  node: GraphNode,
  { published, inputs: planned, action }: NodePlan,
  connection: Connection,
  result: NodeResult,
): Promise<void> {
  const { graph } = build
  const isIncrement = action === 'increment'
  const shadow = { schema: shadowOf(node.relation.schema), name: node.relation.name }
  const delta = { schema: deltaOf(node.relation.schema), name: node.relation.name }
  // What is made of no rows must not pass for what its inputs make.
  const inputs = build.isEmpty ? randomUUID() : planned
  const snapshot = build.isEmpty ? null : build.snapshotOf(node)
  const { session } = connection
  const since = isIncrement ? (published?.snapshot ?? null) : null
  const options = { isIncremental: isIncrement, vars: node.isArrivalKeyed ? { last_success_snapshot: since } : {} }
  const compiled = node.template === null ? null : renderNode(graph, node, build.places, options)
  result.compiledSql = compiled?.sql ?? null
  const making = { node, compiled, shadow, delta, isIncrement, places: build.places }
  const made = await attempt(compiled, () => materialize(session, making))
  const isTimeless = made.isRepeatable && (await isTimelessNode(build, node, published, session))
  build.warnings.push(...made.warnings)
  result.rows = made.rows
  const { increment } = made
  const isChanged = increment === null || increment.rows > 0 || increment.newColumns.length > 0
  const token =
    !isChanged && published !== undefined ? published.token : isTimeless && !isIncrement ? inputs : randomUUID()
  const isView = node.config.materialized === 'view'
  const query = isView ? renderNode(graph, node, publishedPlaces(graph), { isIncremental: false }).sql : null
  const entry: Published = {
    model: node.name,
    ...node.relation,
    kind: isView ? 'view' : 'table',
    definition: build.definitionOf(node),
    inputs,
    token,
    isTimeless,
    snapshot,
    system: build.system,
    oid: 0,
    file: 0,
    query,
  }
  build.changes.push({ node, entry, ...changeOf(made, isChanged, shadow, query) })
  build.set(node.name, {
    isUsable: true,
    isPending: isChanged,
    token,
    place: isChanged ? shadow : node.relation,
    isReplaced: increment === null || increment.newColumns.length > 0,
    snapshot,
  })
  result.message = isIncrement ? `${increment?.rows ?? 0} rows brought` : ''
}

function changeOf(
  { increment }: Made,
  isChanged: boolean,
  shadow: { schema: string; name: string },
  query: string | null,
) {
  if (query !== null) return { type: 'view' as const, query }
  if (increment === null) return { type: 'table' as const, shadow }
  return isChanged ? { type: 'increment' as const, increment } : { type: 'note' as const }
}

async function isTimelessNode(
  build: BuildState,
  node: GraphNode,
  published: Published | undefined,
  session: Session,
): Promise<boolean> {
  if (node.template === null) return true
  const { materialized, incremental_strategy: strategy } = node.config
  // Appending the same rows again makes another table.
  if (materialized === 'incremental' && strategy === 'append') return false
  if (published?.definition === build.definitionOf(node) && published.isTimeless) return true
  const places = publishedPlaces(build.graph)
  const read = build.relationsRead({ dependsOn: node.dependsOn.keys(), sources: node.sources })
  const declared = [node.relation, ...read]
  const renderings = materialized === 'incremental' ? [false, true] : [false]
  for (const isIncremental of renderings) {
    const { sql } = renderNode(build.graph, node, places, { isIncremental })
    const mayReadClock = node.isSteadyWithinQuarterHour
    // One that takes the next rows in batches has more to bring as long as it brings some.
    const mayLimit = !(isIncremental && sql.includes(relationSql(node.relation)))
    if (!(await build.timeless.isTimeless(session, sql, declared, { mayReadClock, mayLimit }))) return false
  }
  return true
}

async function attempt<T>(compiled: Compiled | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PipelineError) throw error
    if (compiled !== null) throw statementError(error, compiled)
    throw new PipelineError('MODEL_SQL', messageOf(error), 'never', { cause: error })
  }
}
