import { ancestorsOf } from '../graph/build-order.ts'
import type { GraphNode, GraphUnitTest } from '../graph/graph.ts'
import { lookupStatistics } from './materialize.ts'
import { buildNode, skipNode } from './build-node.ts'
import type { BuildState } from './build-state.ts'
import type { BuildEvent, NodeResult, TestResult } from './result.ts'
import { emptyTestResult, groupTests, runTestGroup, type TestGroup } from './run-tests.ts'
import type { Task } from './schedule.ts'
import type { Connection } from './session.ts'
import { rememberedResult, type TestMemory } from './test-memory.ts'
import { emptyUnitTestResult, runUnitTest } from './unit-tests.ts'

interface TaskOptions {
  failFast?: boolean
  onProgress?: (event: BuildEvent) => void
}

/**
 * The tasks of a build: each node after those it reads, after its unit tests, and after the tests that stand above it;
 * each test after what it reads.
 */
export function planTasks(build: BuildState, memory: TestMemory, options: TaskOptions): Task[] {
  const { graph } = build
  const isSelected = ({ id }: { id: string }) => build.selected.has(id)
  const nodes = graph.nodes.filter((node) => isSelected(node) && node.config.materialized !== 'ephemeral')
  const groups = groupTests(graph, graph.tests.filter(isSelected))
  const unitTests = graph.unitTests.filter(isSelected)
  const gates = gatesOf(build, groups)
  const total = nodes.length + unitTests.length + groups.reduce((sum, group) => sum + group.tests.length, 0)
  let done = 0
  let hasFailed = false
  const failed = new Set<string>()
  const report = (results: (NodeResult | TestResult)[]) => {
    for (const result of results) {
      done += 1
      hasFailed ||= isFailure(result)
      const at = { index: done, total }
      options.onProgress?.(
        'resource' in result && isTest(result)
          ? { type: 'test', test: result, ...at }
          : { type: 'model', node: result, ...at },
      )
    }
  }
  const mayBegin = () => !(hasFailed && options.failFast === true)
  const runTests = async (group: TestGroup, connect: () => Promise<Connection>, thread: string) => {
    const isReady = mayBegin() && group.dependsOn.every((name) => build.outcomeOf(name).isUsable)
    const results = isReady ? await testsOf(build, memory, group, connect, thread) : group.tests.map(emptyTestResult)
    if (results.some(isFailure)) failed.add(group.id)
    build.tests.push(...results)
    report(results)
  }
  const runUnit = async (test: GraphUnitTest, connect: () => Promise<Connection>, thread: string) => {
    const node = graph.byName.get(test.model)
    const isReady = mayBegin() && [...(node?.dependsOn.keys() ?? [])].every((name) => build.outcomeOf(name).isUsable)
    const result = isReady ? await unitTestOf(build, memory, test, connect, thread) : emptyUnitTestResult(test)
    if (isFailure(result)) failed.add(test.id)
    build.tests.push(result)
    report([result])
  }
  const runNode = async (node: GraphNode, after: string[], connect: () => Promise<Connection>, thread: string) => {
    const lame = [...node.dependsOn.keys()].find((name) => !build.outcomeOf(name).isUsable)
    const gate = after.find((id) => failed.has(id))
    if (!mayBegin()) report([skipNode(build, node, thread, 'skipped: something failed before')])
    else if (lame !== undefined) report([skipNode(build, node, thread, `skipped: ${lame} was not built`)])
    else if (gate !== undefined) report([skipNode(build, node, thread, `skipped: ${gate} failed`)])
    else report([await buildNode(build, node, connect, thread)])
  }
  const takeStatistics = async (node: GraphNode, connect: () => Promise<Connection>) => {
    const result = build.results.find(({ id }) => id === node.id)
    const change = build.changes.find((one) => one.node === node)
    const statements = change?.type === 'table' ? lookupStatistics(node, change.shadow, result?.rows ?? null) : []
    if (statements.length > 0) await (await connect()).session.script(statements)
  }
  const idOf = (name: string) => graph.byName.get(name)?.id ?? name
  return [
    ...unitTests.map((test) => ({
      id: test.id,
      after: standingParents(build, test.model).map(idOf),
      run: (connect: () => Promise<Connection>, thread: string) => runUnit(test, connect, thread),
    })),
    ...nodes.map((node) => {
      const guards = [
        ...(gates.get(node.name) ?? []),
        ...unitTests.flatMap((test) => (test.model === node.name ? test.id : [])),
      ]
      return {
        id: node.id,
        after: [...standingParents(build, node.name).map(idOf), ...guards],
        run: (connect: () => Promise<Connection>, thread: string) => runNode(node, guards, connect, thread),
      }
    }),
    ...nodes.map((node) => ({
      id: `statistics ${node.id}`,
      after: [node.id],
      run: (connect: () => Promise<Connection>) => takeStatistics(node, connect),
    })),
    ...groups.map((group) => ({
      id: group.id,
      after: group.dependsOn.flatMap((name) => [name, ...ephemeralParents(build, name)]).map(idOf),
      run: (connect: () => Promise<Connection>, thread: string) => runTests(group, connect, thread),
    })),
  ]
}

const isTest = (result: NodeResult | TestResult): result is TestResult =>
  result.resource === 'test' || result.resource === 'unit_test'

export const isFailure = ({ status }: NodeResult | TestResult) =>
  status === 'failed' || status === 'fail' || status === 'error'

/** What a node reads, through ephemeral models too. */
function standingParents(build: BuildState, name: string): string[] {
  const node = build.graph.byName.get(name)
  return [...(node?.dependsOn.keys() ?? [])].flatMap((parent) => [parent, ...ephemeralParents(build, parent)])
}

/** The nodes and sources that a node reads, through ephemeral models too. */
function readBy(build: BuildState, node: GraphNode): string[] {
  const read = [...node.dependsOn.keys()].flatMap((name) => {
    const parent = build.graph.byName.get(name)
    return parent?.config.materialized === 'ephemeral' ? [name, ...readBy(build, parent)] : [name]
  })
  return [...read, ...node.sources.keys()]
}

function ephemeralParents(build: BuildState, name: string): string[] {
  const isEphemeral = build.graph.byName.get(name)?.config.materialized === 'ephemeral'
  return isEphemeral ? standingParents(build, name) : []
}

/** For each node the test groups that must not fail before it is built: those of which it reads all, as in dbt. */
function gatesOf(build: BuildState, groups: TestGroup[]): Map<string, string[]> {
  const ancestors = ancestorsOf(build.graph.nodes)
  const byNode = new Map<string, TestGroup[]>()
  for (const group of groups) {
    for (const name of group.reads) byNode.set(name, [...(byNode.get(name) ?? []), group])
  }
  return new Map(
    build.graph.nodes.map((node) => {
      const above = ancestors.get(node.name) ?? new Set()
      const near = new Set(readBy(build, node).flatMap((name) => byNode.get(name) ?? []))
      return [
        node.name,
        [...near].flatMap((group) => ([...group.reads].every((name) => above.has(name)) ? group.id : [])),
      ]
    }),
  )
}

async function testsOf(
  build: BuildState,
  memory: TestMemory,
  group: TestGroup,
  connect: () => Promise<Connection>,
  thread: string,
): Promise<TestResult[]> {
  const known = group.tests.map((test) => rememberedResult(build, memory, test))
  const open = group.tests.filter((_, index) => known[index] === null)
  const reused = known.flatMap((result) => result ?? [])
  if (open.length === 0) return reused
  const connection = await connect()
  const fresh = await runTestGroup(connection.session, build.graph, { tests: open }, build.places, thread)
  await memory.note(connection.session, build, open)
  return [...reused, ...fresh]
}

async function unitTestOf(
  build: BuildState,
  memory: TestMemory,
  test: GraphUnitTest,
  connect: () => Promise<Connection>,
  thread: string,
): Promise<TestResult> {
  const known = rememberedResult(build, memory, test)
  if (known !== null) return known
  const connection = await connect()
  return runUnitTest(connection.session, build.graph, test, build.places, thread)
}

/** The groups in which something failed, and those that read what is held back with them. */
export function heldGroups(build: BuildState): Set<string> {
  const { graph } = build
  const held = new Set<string>()
  const groupOf = (name: string) => graph.byName.get(name)?.publishGroup
  const hold = (names: Iterable<string>) => {
    for (const name of names) {
      const group = groupOf(name)
      if (group !== undefined) held.add(group)
    }
  }
  for (const result of build.results) if (result.status === 'failed' || result.status === 'skipped') hold([result.name])
  const tests = new Map([...graph.tests].map((test) => [test.id, test.dependsOn]))
  const units = new Map(graph.unitTests.map((test) => [test.id, [test.model]]))
  for (const result of build.tests) {
    const names = tests.get(result.id) ?? units.get(result.id) ?? []
    // What a test could not be asked of is not known to be right.
    if (isFailure(result) || result.status === 'skipped') hold(names)
  }
  for (let before = -1; before !== held.size;) {
    before = held.size
    for (const { node } of build.changes) {
      const reads = standingParents(build, node.name)
      const isHeld = reads.some((name) => build.outcomeOf(name).isPending && held.has(groupOf(name) ?? ''))
      if (isHeld) held.add(node.publishGroup)
    }
  }
  return held
}
