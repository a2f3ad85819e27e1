import { contextOf } from '../graph/context.ts'
import type { Graph, GraphNode, GraphTest } from '../graph/graph.ts'
import type { NodeSettings } from '../project/node-config.ts'
import { render } from '../template/render.ts'
import type { Template } from '../template/template.ts'
import type { RelationName } from '../graph/relation.ts'

type Settings = Record<string, unknown>

/**
 * The settings that the project gives a node, without defaults; of several places the most specific alone, as dbt
 * notes them to tell later whether somebody changed them.
 */
export function givenConfig(graph: Graph, node: GraphNode): Settings {
  const path = node.fqn.slice(1)
  const layers = graph.project.settings[node.kind]
    .filter((folder) => folder.path.every((part, index) => part === path[index]))
    .map((folder) => folder.settings)
  const own = propertiesOf(graph, node)?.settings ?? {}
  const call = node.template === null ? {} : readTemplate(graph, node.template, node.relation).config
  return { ...Object.assign({}, ...[...layers, own].map(asWritten)), ...call }
}

/** What YAML says of a node. */
export function propertiesOf(graph: Graph, node: GraphNode) {
  return graph.project.properties.find(({ kind, name }) => kind === node.kind && name === node.name)
}

// Settings are read into one form (a list also of a single key); most projects write the short one, and dbt keeps it.
function asWritten({ unique_key, indexes, ...rest }: NodeSettings): Settings {
  return {
    ...rest,
    ...(unique_key === undefined ? {} : { unique_key: unique_key.length === 1 ? unique_key[0] : unique_key }),
    ...(indexes === undefined ? {} : { indexes: indexes.map(withoutDefaults) }),
  }
}

function withoutDefaults({ columns, unique, type }: NonNullable<NodeSettings['indexes']>[number]): Settings {
  return { columns, ...(unique ? { unique } : {}), ...(type === 'btree' ? {} : { type }) }
}

/** What a template says in config(), and the macros that it calls. */
export function readTemplate(graph: Graph, template: Template, self: RelationName | null) {
  const config: Settings = {}
  const { macros } = render(template, graph.project.macros, {
    ...contextOf(graph),
    this: self,
    config: (given) => Object.assign(config, given),
  })
  return { config, macros }
}

/** The tags of a test: of its folders, its own, and those of the column that it is about. */
export function testTags(graph: Graph, { fqn, settings, subject, column }: GraphTest): string[] {
  const path = fqn.slice(1)
  const inherited = graph.project.testSettings.filter((folder) => folder.path.every((part, at) => part === path[at]))
  const tested =
    subject === null
      ? undefined
      : 'node' in subject
        ? graph.byName.get(subject.node)
        : graph.sources.get(`${subject.source}.${subject.table}`)
  const about = tested?.columns.find(({ name }) => name === column)
  const all = [...inherited.map((folder) => folder.settings), settings].flatMap((layer) => layer.tags ?? [])
  return [...new Set([...all, ...(about?.tags ?? []), ...(about?.config?.tags ?? [])])].sort()
}
