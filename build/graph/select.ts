import { checkResourceTypes, invalidSelection, methodMatches } from './select-methods.ts'

/** A node of the project as selection sees it. */
export interface SelectableNode {
  /** model.project.name, source.project.source.table, … */
  uniqueId: string
  resourceType: 'model' | 'seed' | 'snapshot' | 'test' | 'unit_test' | 'source' | 'exposure'
  name: string
  fqn: string[]
  tags: string[]
  /** Relative to the directory of dbt_project.yml, with `/`; of a generic test, the YAML file that declares it. */
  path: string
  /** The YAML file that describes it, if another file than `path`. */
  patchPath?: string
  /** With dbt's defaults filled in, so that config.severity:error finds tests that do not say it. */
  config: Record<string, unknown>
  packageName: string
  sourceName?: string
  testKind?: 'generic' | 'singular'
  /** Of a generic test: what it tests for, such as not_null. */
  testName?: string
  /** The unique ids of its parents; of a test, of the nodes it tests. */
  dependsOn: string[]
}

/** An earlier run, for state:, result: and source_status:. */
export interface SelectionState {
  isNew(node: SelectableNode): boolean
  /** True for a new node too, as in dbt. `aspect` is body, configs, relation, … */
  isModified(node: SelectableNode, aspect?: string): boolean
  resultOf(uniqueId: string): string | undefined
  sourceStatus?(uniqueId: string): string | undefined
}

export interface SelectionOptions {
  /** Each may hold criteria separated by spaces (any of them) and by commas (all of them). Without any: all nodes. */
  select?: string[]
  exclude?: string[]
  resourceTypes?: string[]
  state?: SelectionState
  /** Which tests come along with nodes: of any selected parent, of all, of all when their parents count too, none. */
  indirect?: 'eager' | 'cautious' | 'buildable' | 'empty'
  /** The project that package:this stands for; needed only where there are packages. */
  project?: string
}

/** A criterion's nodes; `candidates` also holds the tests that still lack a parent. */
interface Picked {
  direct: Set<string>
  candidates: Set<string>
}

interface Selection {
  nodes: Map<string, SelectableNode>
  children: Map<string, string[]>
  options: SelectionOptions
  unmatched: Set<string>
}

// [@][depth+][method:]value[+depth]
const CRITERION = /^(@)?(?:(\d*)\+)?(?:([\w.]+):)?(.*?)(?:\+(\d*))?$/s

/**
 * The unique ids of the nodes that dbt 1.9 would select, and the criteria that match nothing.
 * Throws a PipelineError SELECTION_INVALID for a criterion that cannot be read.
 */
export function selectNodes(
  nodes: SelectableNode[],
  options: SelectionOptions,
): { selected: Set<string>; unmatched: string[] } {
  const { select = [], exclude = [], resourceTypes } = options
  checkResourceTypes(resourceTypes ?? [])
  const selection: Selection = {
    nodes: new Map(nodes.map((node) => [node.uniqueId, node])),
    children: new Map(nodes.map((node) => [node.uniqueId, []])),
    options,
    unmatched: new Set(),
  }
  for (const node of nodes) for (const id of node.dependsOn) selection.children.get(id)?.push(node.uniqueId)
  const included = select.length === 0 ? new Set(selection.nodes.keys()) : pickAny(selection, select)
  const selected = included.difference(pickAny(selection, exclude))
  const isWanted = ({ uniqueId, resourceType }: SelectableNode) =>
    selected.has(uniqueId) && (resourceTypes?.includes(resourceType) ?? true)
  return {
    selected: new Set(nodes.filter(isWanted).map((node) => node.uniqueId)),
    unmatched: [...selection.unmatched],
  }
}

function pickAny(selection: Selection, values: string[]): Set<string> {
  const criteria = values.flatMap((value) => value.trim().split(/\s+/))
  const picked = criteria.map((criterion) => pickAll(selection, criterion))
  return combine(selection, picked, (all, more) => all.union(more)).direct
}

function pickAll(selection: Selection, criterion: string): Picked {
  const parts = criterion === '' ? [] : criterion.split(',')
  const picked = parts.map((part) => pick(selection, part, criterion))
  const found = combine(selection, picked, (all, more) => all.intersection(more))
  if (found.direct.size === 0) selection.unmatched.add(criterion)
  return found
}

function pick(selection: Selection, part: string, raw: string): Picked {
  const [, at, up, named, value = '', down] = CRITERION.exec(part) ?? []
  if (value === '') throw invalidSelection(raw, 'a name is missing')
  if (at !== undefined && down !== undefined) throw invalidSelection(raw, '@ in front and + behind exclude each other')
  if (named === undefined && /^[@+]|\+\d*$/.test(value)) {
    throw invalidSelection(raw, 'write the operators once and in this order: @name, 2+name, name+2 or 2+name+2')
  }
  const [method = '', ...keys] = (named ?? defaultMethod(value)).split('.')
  const { state, project } = selection.options
  const matches = methodMatches(method, { raw, keys, value, state, project })
  const found = new Set([...selection.nodes.values()].filter(matches).map((node) => node.uniqueId))
  const family = at === undefined ? found : ancestors(selection, descendants(selection, found))
  const lineage = ancestors(selection, found, depthOf(up)).union(descendants(selection, found, depthOf(down)))
  return withTests(selection, family.union(lineage))
}

function defaultMethod(value: string): string {
  if (value.includes('/')) return 'path'
  return /\.(sql|py|csv)$/i.test(value) ? 'file' : 'fqn'
}

function depthOf(digits: string | undefined): number {
  if (digits === undefined) return 0
  return digits === '' ? Infinity : Number(digits)
}

function ancestors({ nodes }: Selection, ids: Set<string>, depth = Infinity): Set<string> {
  return reach(ids, (id) => (nodes.get(id)?.dependsOn ?? []).filter((parent) => nodes.has(parent)), depth)
}

function descendants({ children }: Selection, ids: Set<string>, depth = Infinity): Set<string> {
  return reach(ids, (id) => children.get(id) ?? [], depth)
}

function reach(start: Set<string>, next: (id: string) => string[], depth: number): Set<string> {
  const reached = new Set(start)
  let layer = start
  for (let step = 0; step < depth && layer.size > 0; step += 1) {
    layer = new Set([...layer].flatMap(next)).difference(reached)
    for (const id of layer) reached.add(id)
  }
  return reached
}

/** Adds the tests of these nodes; those that must wait for another parent become candidates. */
function withTests(selection: Selection, ids: Set<string>): Picked {
  const { nodes, children, options } = selection
  const { indirect = 'eager' } = options
  if (indirect === 'empty') return { direct: ids, candidates: ids }
  const isTest = (id: string) => ['test', 'unit_test'].includes(nodes.get(id)?.resourceType ?? '')
  const candidates = ids.union(new Set([...ids].flatMap((id) => children.get(id) ?? []).filter(isTest)))
  if (indirect === 'eager') return { direct: candidates, candidates }
  const sources = [...nodes.values()].filter((node) => node.resourceType === 'source').map((node) => node.uniqueId)
  const parents = indirect === 'buildable' ? ancestors(selection, ids).union(new Set(sources)) : ids
  return { direct: ids.union(testsOf(selection, candidates, parents)), candidates }
}

/**
 * Combines what criteria picked; a test then comes along if all its parents were picked, by whichever criterion.
 * Unlike in withTests, buildable does not take all sources for built here: so does dbt.
 */
function combine(
  selection: Selection,
  picked: Picked[],
  merge: (all: Set<string>, more: Set<string>) => Set<string>,
): Picked {
  const [first, ...rest] = picked
  if (first === undefined) return { direct: new Set(), candidates: new Set() }
  const direct = rest.reduce((all, { direct: more }) => merge(all, more), first.direct)
  const candidates = rest.reduce((all, { candidates: more }) => merge(all, more), first.candidates)
  const parents = selection.options.indirect === 'buildable' ? ancestors(selection, direct) : direct
  return { direct: direct.union(testsOf(selection, candidates, parents)), candidates }
}

function testsOf({ nodes }: Selection, candidates: Set<string>, parents: Set<string>): Set<string> {
  const isComplete = (id: string) => nodes.get(id)?.dependsOn.every((parent) => parents.has(parent)) ?? false
  return new Set([...candidates].filter(isComplete))
}
