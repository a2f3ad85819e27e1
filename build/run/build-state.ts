import { randomUUID } from 'node:crypto'
import { hash } from '../graph/compile-node.ts'
import type { Graph, GraphNode } from '../graph/graph.ts'
import { relationSql, type RelationName, type RenderedRelation } from '../graph/relation.ts'
import type { Source } from '../project/properties.ts'
import { sourceName, type Places } from '../graph/context.ts'
import type { Increment } from './increment.ts'
import type { Existing, Published } from './ledger.ts'
import type { NodeResult, TestResult } from './result.ts'
import { TimelessQueries } from './timeless.ts'

/** What the publish has to do for a node. */
export type Change = { node: GraphNode; entry: Published } & (
  | { type: 'table'; shadow: RelationName }
  | { type: 'view'; query: string }
  | { type: 'increment'; increment: Increment }
  /** Nothing but to remember what was read. */
  | { type: 'note' }
)

/** What became of a node in this build, for those that read it. */
export interface Outcome {
  isUsable: boolean
  /** Equal tokens, equal rows. */
  token: string
  /** Where this build reads it. */
  place: RenderedRelation
  /** Whether that is not yet where readers find it. */
  isPending: boolean
  /** Whether its relation is replaced at the publish, so that views of it must be made again. */
  isReplaced: boolean
  /** It holds all that was visible in this snapshot (as text of `pg_snapshot`); null when that is not known. */
  snapshot: string | null
}

/** A build that goes on: what was found before it, and what has become of its nodes so far. */
export class BuildState {
  readonly graph: Graph
  readonly selected: Set<string>
  readonly isFullRefresh: boolean
  readonly isEmpty: boolean
  readonly published: Map<string, Published>
  readonly existing: Map<string, Existing>
  readonly versions: Map<string, string | null>
  /** The cluster, which transaction ids belong to; null when this role may not ask for it. */
  readonly system: string | null
  /** Which table each source is, and its columns, by `source.table`. */
  readonly identities: Map<string, string>
  /** In which times without a zone are read. */
  readonly timeZone: string
  /** The quarter of an hour in which the build began. */
  readonly quarterHour: string
  /** What was visible before anything was read. */
  readonly snapshot: string
  /** Views without rows over what is read from outside, for a build on no data. */
  readonly emptied: Map<string, RelationName>
  readonly timeless = new TimelessQueries()
  readonly outcomes = new Map<string, Outcome>()
  readonly results: NodeResult[] = []
  readonly tests: TestResult[] = []
  readonly changes: Change[] = []
  readonly warnings: string[] = []
  readonly #definitions = new Map<string, string>()

  constructor(
    given: Pick<
      BuildState,
      | 'graph'
      | 'selected'
      | 'isFullRefresh'
      | 'isEmpty'
      | 'published'
      | 'existing'
      | 'versions'
      | 'system'
      | 'snapshot'
      | 'quarterHour'
      | 'timeZone'
      | 'identities'
      | 'emptied'
    >,
  ) {
    this.graph = given.graph
    this.selected = given.selected
    this.isFullRefresh = given.isFullRefresh
    this.isEmpty = given.isEmpty
    this.published = given.published
    this.existing = given.existing
    this.versions = given.versions
    this.system = given.system
    this.snapshot = given.snapshot
    this.quarterHour = given.quarterHour
    this.timeZone = given.timeZone
    this.identities = given.identities
    this.emptied = given.emptied
  }

  /** Where templates find what they read while this build goes on. */
  get places(): Places {
    return {
      node: (name) => this.emptied.get(name) ?? this.outcomeOf(name).place,
      source: (source) => this.emptied.get(sourceName(source)) ?? source.relation,
    }
  }

  /** The outcome of a node; of one that is not built now, what was published before. */
  outcomeOf(name: string): Outcome {
    const found = this.outcomes.get(name)
    if (found !== undefined) return found
    const node = this.graph.byName.get(name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    const { relation } = node
    if (node.config.materialized === 'ephemeral') {
      const parents = this.parentsOf(node)
      return this.set(name, {
        isUsable: parents.every((parent) => parent.isUsable),
        token: this.inputsOf(node),
        place: relation,
        isPending: parents.some((parent) => parent.isPending),
        isReplaced: parents.some((parent) => parent.isReplaced),
        snapshot: this.snapshotOf(node),
      })
    }
    const standing = this.published.get(relationSql(relation))
    const snapshot = standing?.system === this.system ? standing.snapshot : null
    // A view shows at once what has become of what it reads; a table holds what it held.
    const isStill = standing?.isTimeless === true && standing.definition === this.definitionOf(node)
    // While what it reads waits for the publish, a view that is not built now shows what was.
    const isSteady = isStill && !this.parentsOf(node).some((parent) => parent.isPending)
    const shown = standing?.kind === 'view' ? (isSteady ? this.inputsOf(node) : undefined) : standing?.token
    return { ...STANDING, token: shown ?? randomUUID(), place: relation, snapshot }
  }

  /**
   * The snapshot up to which a node that is built now is complete: that of the build's beginning, or an earlier one
   * when something that it reads is not built with it.
   */
  snapshotOf(node: GraphNode): string | null {
    return this.parentsOf(node).reduce<string | null>((least, { snapshot }) => earlier(least, snapshot), this.snapshot)
  }

  set(name: string, outcome: Outcome): Outcome {
    this.outcomes.set(name, outcome)
    return outcome
  }

  parentsOf(node: GraphNode): Outcome[] {
    return [...node.dependsOn.keys()].map((name) => this.outcomeOf(name))
  }

  /** The relations that a node or test names when it is rendered: what it reads, through ephemeral models too. */
  relationsRead({ dependsOn, sources }: { dependsOn: Iterable<string>; sources: Map<string, Source> }): RelationName[] {
    const read = [...dependsOn].flatMap((name) => this.graph.byName.get(name) ?? [])
    return [
      ...[...sources.values()].map((source) => source.relation),
      ...read.flatMap((node) => {
        const isInlined = node.config.materialized === 'ephemeral'
        return isInlined
          ? this.relationsRead({ dependsOn: node.dependsOn.keys(), sources: node.sources })
          : node.relation
      }),
    ]
  }

  /** Hash of what a node is: its own definition and that of the ephemeral models in it. */
  definitionOf(node: GraphNode): string {
    const known = this.#definitions.get(node.name)
    if (known !== undefined) return known
    const inlined = [...node.dependsOn.keys()].flatMap((name) => {
      const parent = this.graph.byName.get(name)
      // Rows that an arrival-keyed model holds were made by all that stands above it, as it was then.
      const isPart = parent?.config.materialized === 'ephemeral' || node.isArrivalKeyed
      return parent !== undefined && isPart ? this.definitionAbove(parent, node.isArrivalKeyed) : []
    })
    // A view goes on reading the table that it was made over, with the columns of then.
    const isBound = node.config.materialized === 'view' || node.config.materialized === 'ephemeral'
    const read = isBound ? [...node.sources.keys()].map((name) => this.identities.get(name) ?? '') : []
    const told = [...inlined, ...read]
    const definition = told.length === 0 ? node.definition : hash(node.definition, told)
    this.#definitions.set(node.name, definition)
    return definition
  }

  /** The definition of a node, with those of all above it if so asked. */
  private definitionAbove(node: GraphNode, isDeep: boolean): string {
    const parents = isDeep ? [...node.dependsOn.keys()].flatMap((name) => this.graph.byName.get(name) ?? []) : []
    return hash(
      this.definitionOf(node),
      parents.map((parent) => this.definitionAbove(parent, true)),
    )
  }

  /** Hash of what a node is and of all that it reads. Never the same when something it reads cannot be told apart. */
  inputsOf(node: GraphNode): string {
    const clock = node.isSteadyWithinQuarterHour ? this.quarterHour : ''
    return hash(this.definitionOf(node), clock, this.timeZone, this.tokensOf([...node.dependsOn.keys()], node.sources))
  }

  tokensOf(nodes: string[], sources: Map<string, Source>): string[] {
    const read = [...sources.keys()].map((name) => `${name} ${this.versions.get(name) ?? randomUUID()}`)
    return [...nodes.map((name) => `${name} ${this.outcomeOf(name).token}`), ...read].sort()
  }
}

/** Of a relation that stays as it is. */
export const STANDING = { isUsable: true, isPending: false, isReplaced: false }

/** The one of two snapshots of a cluster that was taken first: of what is visible in it, all is visible in the other. */
function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return null
  const [[aMin = '0', aMax = '0'], [bMin = '0', bMax = '0']] = [a.split(':'), b.split(':')]
  if (aMax !== bMax) return BigInt(aMax) < BigInt(bMax) ? a : b
  return BigInt(aMin) <= BigInt(bMin) ? a : b
}
