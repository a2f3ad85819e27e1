import { createHash } from 'node:crypto'
import { basename, extname, join } from 'node:path'
import { checkTemplate } from '../template/template-check.ts'
import { PlacedError, problemAt, projectError, type Problem, type SourceText } from '../template/problem.ts'
import { docsBlocks, genericTestsIn, snapshotBlocks } from '../template/blocks.ts'
import { isRunnable, judgeMacros, readMacroFiles, type ProjectMacros } from '../template/macro-file.ts'
import { parseTemplate, type Template } from '../template/template.ts'
import { compileProject, type CompileOptions } from '../graph/graph.ts'
import { groupDifferences, versionDifferences } from './dbt-differences.ts'
import type { DataTest, TestSettings } from './data-test.ts'
import { filesIn, readSource, type ProjectPath } from './files.ts'
import type { NodeKind } from './node-config.ts'
import {
  nodeSettings,
  ProjectFile,
  projectPaths,
  testSettings,
  unusedSettings,
  type FolderSettings,
} from './project-file.ts'
import { checkNames, describedTests, readProperties, type PropertiesContext, type Properties } from './properties.ts'
import { PropertiesFile } from './properties-file.ts'
import { readUnitTests, type UnitTestCase } from './unit-test.ts'
import { isPassedOver } from './unknown-key.ts'
import { valueRenderer } from './value.ts'
import { openYamlCache, type YamlCache } from './yaml-cache.ts'
import { readYaml } from './yaml-file.ts'

/** A file that makes a model, seed or snapshot; `template` is null for a seed, and where it could not be read. */
export interface NodeFile {
  kind: NodeKind
  name: string
  source: SourceText
  folders: string[]
  template: Template | null
  /** Where the node begins in its file. */
  offset: number
  /** SHA-256 of the file. */
  checksum: string
}

/** A dbt project as it stands in its files; `compileProject` makes a graph of it. */
export interface Project {
  name: string
  dir: string
  /** Where artifacts go, relative to `dir`. */
  targetPath: string
  /** The paths that hold models, seeds, snapshots, macros and tests. */
  roots: string[]
  nodes: NodeFile[]
  properties: Properties['nodes']
  sources: Properties['sources']
  exposures: Properties['exposures']
  /** Generic tests (from YAML) and singular ones (from the test-paths). */
  tests: DataTest[]
  unitTests: UnitTestCase[]
  docs: Map<string, { text: string; file: string }>
  macros: Template[]
  settings: Record<NodeKind, FolderSettings[]>
  testSettings: FolderSettings<TestSettings>[]
  /** False when a YAML file could not be read, so that a source may be missing from here. */
  isWhole: boolean
  warnings: string[]
  /** What real dbt 1.9 reads in another way, or not at all. */
  dbtDifferences: string[]
  vars: Record<string, unknown>
}

/**
 * Reads the dbt project in `dir`. Throws a PipelineError MODELS_INVALID that lists every problem with file, line and
 * what to use instead, after a trial compilation with `options`; MODELS_MISSING when a file cannot be read.
 */
export function loadProject(dir: string, options: CompileOptions = {}): Project {
  const problems: Problem[] = []
  const source = readSource(dir, join(dir, 'dbt_project.yml'))
  const file = readYaml(source, ProjectFile, valueRenderer(options, {}, new Map()), problems)
  if (file === null) throw projectError(problems)
  const { data } = file
  const warnings: string[] = []
  const paths = projectPaths(file, problems, warnings)
  const roots = [...new Set(Object.values(paths).flat())]
  const macros = readMacros(dir, paths, problems)
  const docs = readDocs(dir, roots, problems)
  const vars = { ...data.vars, ...Object(data.vars[data.name]) }
  const renderValue = valueRenderer(options, vars, docs)
  const known = problems.length
  const cache = openYamlCache(join(dir, data['target-path'], 'parsed_yaml.bin'))
  const properties = readAllProperties(dir, roots, {
    cache,
    macros,
    renderValue,
    problems,
    warnings,
    database: options.target?.database,
  })
  cache.save()
  const isWhole = problems.length === known
  const nodes = [...readNodes(dir, paths, macros, problems), ...yamlSnapshots(properties, macros, problems)]
  problems.push(...twins(nodes))
  checkNames(properties, namesByKind(nodes), problems, warnings)
  const settings = {
    model: nodeSettings(file, 'model', problems, warnings),
    seed: nodeSettings(file, 'seed', problems, warnings),
    snapshot: nodeSettings(file, 'snapshot', problems, warnings),
  }
  const singular = readSingularTests(dir, paths.test, macros, problems)
  const tests = [...properties.tests, ...describedTests(singular, properties, problems, warnings)]
  const judged = judgeMacros(macros)
  problems.push(...judged.problems)
  warnings.push(...judged.warnings, ...unusedSettings(source, settings, nodes, problems))
  for (const { path } of filesIn(dir, data['analysis-paths'], ['sql'])) {
    warnings.push(`${readSource(dir, path).file}: analyses are not compiled here`)
  }
  const project = {
    name: data.name,
    dir,
    targetPath: data['target-path'],
    roots,
    nodes,
    properties: properties.nodes,
    sources: properties.sources,
    exposures: properties.exposures,
    tests,
    unitTests: readUnitTests(dir, paths.test, properties.unitTests, problems),
    docs,
    macros: macros.files,
    settings,
    testSettings: testSettings(file, problems, warnings),
    isWhole,
    warnings,
    dbtDifferences: properties.dbtDifferences,
    vars,
  }
  const graph = compileProject(project, options, problems)
  warnings.push(...graph.warnings)
  project.dbtDifferences.push(...versionDifferences(file), ...groupDifferences(graph, properties.groups))
  return project
}

/** Parses and checks a template; null after adding to `problems` what is wrong with it. */
function readTemplate(source: SourceText, macros: ProjectMacros, problems: Problem[]): Template | null {
  try {
    return checkedTemplate(parseTemplate(source), macros, problems)
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    problems.push(error.problem)
    return null
  }
}

/** The template; null when it is wrong, or calls a macro that cannot be run, whose problem is reported at the macro. */
function checkedTemplate(template: Template, macros: ProjectMacros, problems: Problem[]): Template | null {
  const found = checkTemplate(template, macros.names)
  problems.push(...found)
  return isRunnable(template, macros) && found.length === 0 ? template : null
}

type Paths = Record<NodeKind | 'macro' | 'test', string[]>

/** Macros of the macro-paths, and the generic tests of the `generic` folders in the test-paths. */
function readMacros(dir: string, paths: Paths, problems: Problem[]): ProjectMacros {
  const generic = filesIn(dir, paths.test, ['sql']).filter(isGeneric)
  const files = [...filesIn(dir, paths.macro, ['sql']), ...generic]
  return readMacroFiles(
    files.map(({ path }) => readSource(dir, path)),
    problems,
  )
}

const isGeneric = ({ folders }: ProjectPath) => folders[0] === 'generic'

function readDocs(dir: string, roots: string[], problems: Problem[]): Project['docs'] {
  const docs: Project['docs'] = new Map()
  for (const { path } of filesIn(dir, roots, ['md'])) {
    const source = readSource(dir, path)
    for (const { name, text, offset } of docsBlocks(source, problems)) {
      const other = docs.get(name)
      if (other !== undefined) problems.push(problemAt(source, offset, `the text ${name} is in ${other.file} too`))
      docs.set(name, { text, file: source.file })
    }
  }
  return docs
}

function readNodes(dir: string, paths: Paths, macros: ProjectMacros, problems: Problem[]): NodeFile[] {
  const nodes: NodeFile[] = []
  for (const { path, folders } of filesIn(dir, paths.model, ['sql', 'py'])) {
    const source = readSource(dir, path)
    const name = basename(path, extname(path))
    if (path.endsWith('.py')) problems.push(problemAt(source, 0, 'models in Python are not supported: write it in SQL'))
    else if (!/^\w+$/.test(name))
      problems.push(problemAt(source, 0, `${name}: a model's name is letters, digits and underscores`))
    else nodes.push({ ...nodeOf('model', name, source, folders), template: readTemplate(source, macros, problems) })
  }
  for (const { path, folders } of filesIn(dir, paths.seed, ['csv'])) {
    nodes.push(nodeOf('seed', basename(path, '.csv'), readSource(dir, path), folders))
  }
  for (const { path, folders } of filesIn(dir, paths.snapshot, ['sql'])) {
    const source = readSource(dir, path)
    for (const { name, offset, template } of snapshotBlocks(source, problems)) {
      const node = nodeOf('snapshot', name, source, [...folders, basename(path, '.sql')])
      nodes.push({ ...node, offset, template: checkedTemplate(template, macros, problems) })
    }
  }
  return nodes
}

function nodeOf(kind: NodeKind, name: string, source: SourceText, folders: string[]): NodeFile {
  const checksum = createHash('sha256').update(source.text).digest('hex')
  return { kind, name, source, folders, template: null, offset: 0, checksum }
}

/** Snapshots that YAML defines over a relation. */
function yamlSnapshots(properties: Properties, macros: ProjectMacros, problems: Problem[]): NodeFile[] {
  return properties.nodes.flatMap((entry) => {
    const { kind, name, snapshotOf, file } = entry
    if (kind !== 'snapshot' || snapshotOf === null) return []
    const origin = { source: file.source, offset: entry.offset }
    const source = { file: file.source.file, text: `select * from {{ ${snapshotOf} }}`, origin }
    return { ...nodeOf('snapshot', name, source, []), template: readTemplate(source, macros, problems) }
  })
}

function twins(nodes: NodeFile[]): Problem[] {
  const seen = new Map<string, NodeFile>()
  return nodes.flatMap((node) => {
    const twin = seen.get(node.name)
    seen.set(node.name, node)
    if (twin === undefined) return []
    return [
      problemAt(node.source, node.offset, `${twin.source.file} is a ${twin.kind} named ${node.name} too: rename one`),
    ]
  })
}

function namesByKind(nodes: NodeFile[]): Record<NodeKind, string[]> {
  const of = (kind: NodeKind) => nodes.flatMap((node) => (node.kind === kind ? node.name : []))
  return { model: of('model'), seed: of('seed'), snapshot: of('snapshot') }
}

function readAllProperties(
  dir: string,
  roots: string[],
  given: Omit<PropertiesContext, 'defined'> & { cache: YamlCache },
): Properties {
  const defined = new Map(
    given.macros.files.flatMap((file) => genericTestsIn(file).map(({ name, parameters }) => [name, parameters])),
  )
  const context = { ...given, defined }
  const all: Properties = {
    nodes: [],
    sources: [],
    tests: [],
    singular: [],
    unitTests: [],
    exposures: [],
    groups: [],
    dbtDifferences: [],
  }
  for (const { path } of filesIn(dir, roots, ['yml', 'yaml'])) {
    const file = readYaml(readSource(dir, path), PropertiesFile, context.renderValue, context.problems, {
      odd: { isPassedOver, warnings: context.warnings },
      cache: context.cache,
    })
    if (file === null) continue
    const found = readProperties(file, context)
    all.nodes.push(...found.nodes)
    all.sources.push(...found.sources)
    all.tests.push(...found.tests)
    all.singular.push(...found.singular)
    all.unitTests.push(...found.unitTests)
    all.exposures.push(...found.exposures)
    all.groups.push(...found.groups)
    all.dbtDifferences.push(...found.dbtDifferences)
  }
  return all
}

function readSingularTests(dir: string, paths: string[], macros: ProjectMacros, problems: Problem[]): DataTest[] {
  return filesIn(dir, paths, ['sql']).flatMap((found) => {
    // A `generic` folder holds macros, a `fixtures` folder the rows of unit tests.
    if (isGeneric(found) || found.folders[0] === 'fixtures') return []
    const source = readSource(dir, found.path)
    const template = readTemplate(source, macros, problems)
    if (template === null) return []
    const name = basename(found.path, '.sql')
    const none = { subject: null, type: null, column: null, builtIn: null, args: {}, description: '' }
    return { ...none, name, kind: 'singular' as const, source, settings: {}, template }
  })
}
