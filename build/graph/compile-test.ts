import { messageOf } from '../../core/errors.ts'
import { TestSettings, type DataTest, type Reference } from '../project/data-test.ts'
import type { Project } from '../project/project.ts'
import { parseReference } from '../project/reference.ts'
import type { Source } from '../project/properties.ts'
import type { UnitTestCase } from '../project/unit-test.ts'
import { didYouMean, PlacedError, problemAt, warningOf, type Problem } from '../template/problem.ts'
import { render } from '../template/render.ts'
import { checked, checkStatement, hash } from './compile-node.ts'
import { contextOf, findSource, missingSource, sourceName } from './context.ts'
import type { Graph, GraphExposure, GraphNode, GraphTest, GraphUnitTest } from './graph.ts'
import { testHash } from './test-hash.ts'
import { wrongReferences } from './wrong-references.ts'

/** Resolves what a data test reads; null when it is disabled, or after adding to `problems` what is wrong with it. */
export function compileTest(
  graph: Graph,
  test: DataTest,
  compiled: Map<string, GraphNode>,
  problems: Problem[],
): GraphTest[] | null {
  const dependsOn = new Map<string, number>()
  const sources = new Map<string, Source>()
  const folders = foldersOf(graph.project, test.source.file)
  const inherited = graph.project.testSettings
    .filter(({ path }) => path.every((part, index) => part === [...folders, test.name][index]))
    .map((folder) => folder.settings)
  let settings: TestSettings = Object.assign({}, ...inherited, test.settings)
  let sql = ''
  let isMissing = false
  const read = (reference: Reference) => {
    if ('node' in reference) dependsOn.set(reference.node, 0)
    else {
      isMissing = missingSource(graph, reference.source, reference.table)?.isMisspelt === false
      const source = findSource(graph, reference.source, reference.table)
      if (source !== null) sources.set(sourceName(source), source)
    }
  }
  const leaveOut = (problem: Problem) => {
    graph.warnings.push(`${warningOf(problem)} (the test ${test.name} is left out)`)
  }
  // Tests of a node that is described and not there: the description has its own problem or warning.
  if (test.subject !== null && 'node' in test.subject && !compiled.has(test.subject.node)) return null
  try {
    if (test.subject !== null) read(test.subject)
    if (test.builtIn?.parent !== undefined) read(test.builtIn.parent.to)
    if (test.template !== null) {
      const { template } = test
      const base = contextOf(graph)
      const made = render(template, graph.project.macros, {
        ...base,
        ref: (name, project, offset) => {
          const relation = base.ref(name, project, offset)
          if (!dependsOn.has(name)) dependsOn.set(name, offset)
          return relation
        },
        source: (source, table) => {
          read({ source, table })
          return base.source(source, table)
        },
        config: (given, offset) => {
          settings = { ...settings, ...checked(TestSettings.omit({ where: true }), given, template, offset) }
        },
      })
      checkStatement(made)
      sql = made.sql
    }
  } catch (error) {
    const problem = error instanceof PlacedError ? error.problem : problemAt(test.source, 0, messageOf(error))
    if (isMissing) leaveOut(problem)
    else problems.push(problem)
    return null
  }
  if (settings.enabled === false) return null
  // As in dbt, a test of something disabled is disabled with it, and one that reads what is not there is left out.
  const isOff = (name: string) => compiled.get(name)?.config.enabled === false
  if (test.kind === 'generic' && [...dependsOn.keys()].some(isOff)) return null
  const wrong = wrongReferences(graph.project, test.template ?? test.source, dependsOn, compiled)
  const misspelt = wrong.filter((reference) => reference.isMisspelt)
  problems.push(...misspelt.map(({ problem }) => problem))
  if (misspelt.length === 0) for (const { problem } of wrong) leaveOut(problem)
  if (wrong.length > 0) return null
  const { project } = graph
  return [
    {
      ...test,
      id: `test.${project.name}.${test.name}${test.kind === 'generic' ? `.${testHash(test)}` : ''}`,
      fqn: [project.name, ...folders, test.name],
      settings,
      severity: settings.severity ?? 'error',
      dependsOn: [...dependsOn.keys()],
      sources,
      definition: hash(sql, test.builtIn, test.column, settings),
    },
  ]
}

export function compileUnitTest(
  graph: Graph,
  test: UnitTestCase,
  compiled: Map<string, GraphNode>,
  problems: Problem[],
): GraphUnitTest[] | null {
  const refuse = (message: string) => {
    problems.push(problemAt(test.source, test.offset, `unit test ${test.name}: ${message}`))
    return null
  }
  const model = compiled.get(test.model)
  if (model === undefined) {
    const names = graph.project.nodes.flatMap((node) => (node.kind === 'model' ? node.name : []))
    return names.includes(test.model) ? null : refuse(`there is no model ${test.model}${didYouMean(test.model, names)}`)
  }
  if (!model.config.enabled) return null
  for (const { input } of test.given) {
    if (input === 'this') continue
    const isRead = 'node' in input ? model.dependsOn.has(input.node) : model.sources.has(sourceName(input))
    const label = 'node' in input ? `ref('${input.node}')` : `source('${input.source}', '${input.table}')`
    if (!isRead) return refuse(`the model ${test.model} does not read ${label}`)
  }
  const folders = foldersOf(graph.project, test.source.file)
  const id = `unit_test.${graph.project.name}.${test.model}.${test.name}`
  return [{ ...test, id, fqn: [graph.project.name, ...folders, test.model, test.name] }]
}

export function compileExposure(
  graph: Graph,
  exposure: Project['exposures'][number],
  problems: Problem[],
): GraphExposure[] | null {
  if (exposure.config.enabled === false) return null
  const { source } = exposure.file
  const refuse = (message: string) => {
    problems.push(problemAt(source, exposure.offset, `exposure ${exposure.name}: ${message}`))
    return []
  }
  const dependsOn = exposure.depends_on.flatMap((text) => {
    const reference = parseReference(text)
    if (reference === null) return refuse(`depends_on takes ref('...') or source('...', '...'), not ${text}`)
    if ('node' in reference) {
      const node = graph.byName.get(reference.node)
      return node?.id ?? refuse(`there is no ${reference.node}${didYouMean(reference.node, graph.byName.keys())}`)
    }
    const name = sourceName(reference)
    if (graph.sources.has(name)) return `source.${graph.project.name}.${name}`
    return graph.project.isWhole ? refuse(`there is no source ${name}${didYouMean(name, graph.sources.keys())}`) : []
  })
  const id = `exposure.${graph.project.name}.${exposure.name}`
  return [
    { ...exposure, id, fqn: [graph.project.name, ...foldersOf(graph.project, source.file), exposure.name], dependsOn },
  ]
}

/** The folders between a file and the path that dbt_project.yml names. */
function foldersOf(project: Project, file: string): string[] {
  const root = project.roots.find((path) => file.startsWith(`${path}/`)) ?? ''
  return file.slice(root.length).split('/').filter(Boolean).slice(0, -1)
}
