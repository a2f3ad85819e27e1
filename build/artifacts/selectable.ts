import type { Graph, GraphExposure, GraphNode, GraphTest, GraphUnitTest } from '../graph/graph.ts'
import type { SelectableNode } from '../graph/select.ts'
import type { Source } from '../project/properties.ts'
import { propertiesOf, testTags } from './given-config.ts'
import { belowRoot, CONFIG_OF_KIND, DEFAULT_CONFIG } from './manifest-node.ts'
import { TEST_CONFIG } from './manifest-test.ts'

/** Everything in a project that can be selected, by the ids, names and settings that it has in the manifest. */
export function selectableNodes(graph: Graph): SelectableNode[] {
  const packageName = graph.project.name
  return [
    ...graph.nodes.map((node) => selectableNode(graph, node)),
    ...graph.tests.map((test) => selectableTest(graph, test)),
    ...graph.unitTests.map((test) => selectableUnitTest(graph, test)),
    ...graph.exposures.map((exposure) => selectableExposure(packageName, exposure)),
    ...[...graph.sources.values()].map((source) => selectableSource(graph, source)),
  ]
}

function selectableNode(graph: Graph, node: GraphNode): SelectableNode {
  const { id, kind, name, fqn, config, file, dependsOn, sources } = node
  const patchPath = propertiesOf(graph, node)?.file.source.file
  return {
    uniqueId: id,
    resourceType: kind,
    name,
    fqn,
    tags: config.tags,
    path: file.source.file,
    ...(patchPath === undefined ? {} : { patchPath }),
    config: { ...DEFAULT_CONFIG, ...CONFIG_OF_KIND[kind], ...config },
    packageName: graph.project.name,
    dependsOn: idsOf(graph, [...dependsOn.keys()], [...sources.keys()]),
  }
}

function selectableTest(graph: Graph, test: GraphTest): SelectableNode {
  const { id, name, fqn, source, kind, type, settings, dependsOn, sources } = test
  const tags = testTags(graph, test)
  return {
    uniqueId: id,
    resourceType: 'test',
    name,
    fqn,
    tags,
    path: source.file,
    config: { ...TEST_CONFIG, ...settings, tags },
    packageName: graph.project.name,
    testKind: kind,
    ...(type === null ? {} : { testName: type }),
    dependsOn: idsOf(graph, dependsOn, [...sources.keys()]),
  }
}

function selectableUnitTest(graph: Graph, test: GraphUnitTest): SelectableNode {
  const { id, name, fqn, tags, meta, model, source } = test
  return {
    uniqueId: id,
    resourceType: 'unit_test',
    name,
    fqn,
    tags,
    path: source.file,
    config: { enabled: true, tags, meta },
    packageName: graph.project.name,
    dependsOn: idsOf(graph, [model]),
  }
}

function selectableExposure(packageName: string, exposure: GraphExposure): SelectableNode {
  const { id, name, fqn, tags, file, dependsOn } = exposure
  const path = file.source.file
  return { uniqueId: id, resourceType: 'exposure', name, fqn, tags, path, config: {}, packageName, dependsOn }
}

function selectableSource({ project }: Graph, { source, table, file, tags, meta }: Source): SelectableNode {
  const path = file.source.file
  return {
    uniqueId: `source.${project.name}.${source}.${table}`,
    resourceType: 'source',
    name: table,
    fqn: [project.name, ...belowRoot(project, path).split('/').slice(0, -1), source, table],
    tags,
    path,
    config: { enabled: true, tags, meta },
    packageName: project.name,
    sourceName: source,
    dependsOn: [],
  }
}

function idsOf(graph: Graph, nodes: string[], sources: string[] = []): string[] {
  return [
    ...nodes.flatMap((name) => graph.byName.get(name)?.id ?? []),
    ...sources.map((name) => `source.${graph.project.name}.${name}`),
  ]
}
