import { z } from 'zod'
import type { RelationName } from '../graph/relation.ts'
import type { DataTest } from './data-test.ts'
import { didYouMean, isSlip, problemAt, warningOf, type Problem } from '../template/problem.ts'
import { dbtDifferences } from './dbt-differences.ts'
import { readGenericTest, type TestContext } from './generic-test.ts'
import type { NodeKind, NodeSettings } from './node-config.ts'
import type {
  Column,
  Constraint,
  Exposure,
  Freshness,
  PropertiesFile,
  SingularTest,
  UnitTest,
} from './properties-file.ts'
import type { Path, YamlFile } from './yaml-file.ts'

type File = YamlFile<PropertiesFile>

/** A part of a YAML file and where it stands. */
export interface Placed {
  file: File
  offset: number
}

/** What YAML says of one model, seed or snapshot. */
export interface NodeProperties extends Placed {
  kind: NodeKind
  name: string
  description: string
  settings: NodeSettings
  columns: Column[]
  constraints: Constraint[]
  /** Of a snapshot that is defined in YAML: what it is a snapshot of, as ref() or source(). */
  snapshotOf: string | null
}

export interface Source extends Placed {
  source: string
  table: string
  relation: RelationName
  description: string
  sourceDescription: string
  loader: string
  columns: Column[]
  tags: string[]
  meta: Record<string, unknown>
  isEnabled: boolean
  loadedAtField: string | null
  freshness: Freshness | null
  /**
   * The column in which every write leaves its transaction, of a table whose rows go only with their partition; null
   * when it is not said to have one.
   */
  stamped: string | null
}

export interface Properties {
  nodes: NodeProperties[]
  sources: Source[]
  tests: DataTest[]
  /** What is said of singular tests. */
  singular: (SingularTest & Placed)[]
  unitTests: (UnitTest & Placed)[]
  exposures: (Exposure & Placed)[]
  /** The names of the groups that are defined. */
  groups: string[]
  /** What dbt 1.9 reads in another way, with its place. */
  dbtDifferences: string[]
}

/** What reading YAML files needs of the project, and where it puts what it finds wrong. */
export interface PropertiesContext extends TestContext {
  warnings: string[]
  /** The database that is built in, where that is known. */
  database: string | undefined
}

/** What a YAML file says. What is wrong with a test is added to the problems of the context. */
export function readProperties(file: File, context: PropertiesContext): Properties {
  const { data } = file
  const placed = <T>(section: string, items: T[]) =>
    items.map((item, index) => ({ ...item, file, offset: file.offsetOf([section, index, 'name']) }))
  const found: Properties = {
    nodes: [],
    sources: [],
    tests: [],
    singular: [...placed('data_tests', data.data_tests), ...placed('tests', data.tests)],
    unitTests: placed('unit_tests', data.unit_tests),
    exposures: placed('exposures', data.exposures),
    groups: data.groups.map((group) => group.name),
    dbtDifferences: dbtDifferences(file),
  }
  const readTests = (holder: Tested, at: Path, about: Omit<TestPlace, 'column'>) => {
    found.tests.push(...testsOf(file, holder, at, { ...about, column: null }, context))
    for (const [index, column] of holder.columns.entries()) {
      const path = [...at, 'columns', index]
      const name = column.quote === true ? `"${column.name}"` : column.name
      found.tests.push(...testsOf(file, column, path, { ...about, column: name }, context))
    }
  }
  for (const kind of ['model', 'seed', 'snapshot'] as const) {
    for (const [index, node] of data[`${kind}s`].entries()) {
      const path = [`${kind}s`, index]
      const { name, description, columns, constraints, config, meta } = node
      const settings: NodeSettings = meta === undefined ? config : { ...config, meta: { ...meta, ...config.meta } }
      const snapshotOf = 'relation' in node && typeof node.relation === 'string' ? node.relation : null
      found.nodes.push({
        kind,
        name,
        description,
        settings,
        columns,
        constraints,
        snapshotOf,
        file,
        get offset() {
          return file.offsetOf([...path, 'name'])
        },
      })
      readTests(node, path, { subject: { node: name }, label: name, prefix: '' })
    }
  }
  for (const [index, source] of data.sources.entries()) {
    warnOfDatabase(file, source, index, context)
    for (const [tableIndex, table] of source.tables.entries()) {
      const path = ['sources', index, 'tables', tableIndex]
      const names = { source: source.name, table: table.name }
      found.sources.push({
        ...names,
        ...sourceOf(source, table),
        stamped: stampOf(source, table, (message) => {
          context.problems.push(problemAt(file.source, file.offsetOf([...path, 'name']), message))
        }),
        file,
        get offset() {
          return file.offsetOf([...path, 'name'])
        },
      })
      readTests(table, path, { subject: names, label: `${source.name}_${table.name}`, prefix: 'source_' })
    }
  }
  return found
}

function warnOfDatabase(
  file: File,
  source: PropertiesFile['sources'][number],
  index: number,
  context: PropertiesContext,
): void {
  const { database, name } = source
  if (database === undefined || database === context.database) return
  const offset = file.offsetOf(['sources', index, 'database'])
  const message = `the source ${name} is read in the database that models are built in, whether that is ${database} or not`
  context.warnings.push(warningOf(problemAt(file.source, offset, message)))
}

type Tested = Pick<PropertiesFile['models'][number], 'tests' | 'data_tests' | 'columns'>
type TestPlace = Parameters<typeof readGenericTest>[1]

function testsOf(
  file: File,
  holder: Pick<Tested, 'tests' | 'data_tests'>,
  at: Path,
  place: TestPlace,
  context: TestContext,
): DataTest[] {
  return (['tests', 'data_tests'] as const).flatMap((key) =>
    holder[key].flatMap((entry, index) => {
      return readGenericTest(entry, place, file, [...at, key, index], context) ?? []
    }),
  )
}

const OwnSettings = z.strictObject({ stamped: z.string().min(1).optional() })

/** What a source says under `meta.milepost`. */
function stampOf(
  source: PropertiesFile['sources'][number],
  table: (typeof source)['tables'][number],
  refuse: (message: string) => void,
): string | null {
  const meta: Record<string, unknown> = Object.assign({}, ...metaLayers(source, table))
  const own = OwnSettings.safeParse(meta.milepost ?? {})
  if (own.success) return own.data.stamped ?? null
  const issues = own.error.issues.map((issue) => issue.message).join('; ')
  refuse(`meta.milepost of a source takes stamped, the name of a column: ${issues}`)
  return null
}

const metaLayers = (source: PropertiesFile['sources'][number], table: (typeof source)['tables'][number]) =>
  [source, source.config, table, table.config].map((layer) => layer.meta)

function sourceOf(source: PropertiesFile['sources'][number], table: (typeof source)['tables'][number]) {
  const layers = [source, source.config, table, table.config]
  const freshness = layers.reduce<Freshness | null>((last, layer) => {
    return layer.freshness === undefined ? last : layer.freshness === null ? null : { ...last, ...layer.freshness }
  }, null)
  return {
    relation: { schema: source.schema ?? source.name, name: table.identifier ?? table.name },
    description: table.description,
    sourceDescription: source.description,
    loader: table.loader ?? source.loader ?? '',
    columns: table.columns,
    tags: [...new Set(layers.flatMap((layer) => layer.tags ?? []))],
    meta: Object.assign({}, ...metaLayers(source, table)) as Record<string, unknown>,
    isEnabled: table.config.enabled ?? source.config.enabled ?? true,
    loadedAtField: layers.findLast((layer) => layer.loaded_at_field !== undefined)?.loaded_at_field ?? null,
    freshness,
  }
}

/**
 * Checks the names of what YAML describes. Described twice, misspelt, or of another kind is a problem; a name that is
 * not there at all is a warning, and its tests are left out, as in dbt.
 */
export function checkNames(
  properties: Properties,
  known: Record<NodeKind, string[]>,
  problems: Problem[],
  warnings: string[],
): void {
  const seen = new Map<string, string>()
  const sets = { model: new Set(known.model), seed: new Set(known.seed), snapshot: new Set(known.snapshot) }
  for (const entry of properties.nodes) {
    const { kind, name, file, snapshotOf } = entry
    const other = seen.get(`${kind} ${name}`)
    seen.set(`${kind} ${name}`, file.source.file)
    if (other !== undefined) {
      problems.push(problemAt(file.source, entry.offset, `the ${kind} ${name} is described in ${other} too`))
    }
    if (snapshotOf !== null || sets[kind].has(name)) continue
    const actual = (['model', 'seed', 'snapshot'] as const).find((candidate) => sets[candidate].has(name))
    const hint =
      actual === undefined ? didYouMean(name, known[kind]) : `; describe the ${actual} of that name under ${actual}s:`
    const problem = problemAt(file.source, entry.offset, `there is no ${kind} ${name}${hint}`)
    if (actual !== undefined || isSlip(name, known[kind])) problems.push(problem)
    else warnings.push(`${warningOf(problem)} (its tests are left out)`)
  }
}

/** The singular tests with what YAML says of them. */
export function describedTests(
  tests: DataTest[],
  { singular }: Properties,
  problems: Problem[],
  warnings: string[],
): DataTest[] {
  const entries = new Map(singular.map((entry) => [entry.name, entry]))
  for (const { name, file, offset } of singular) {
    if (tests.some((test) => test.name === name)) continue
    const names = tests.map((test) => test.name)
    const problem = problemAt(file.source, offset, `there is no singular test ${name}${didYouMean(name, names)}`)
    if (isSlip(name, names)) problems.push(problem)
    else warnings.push(warningOf(problem))
  }
  return tests.map((test) => {
    const entry = entries.get(test.name)
    if (entry === undefined) return test
    const meta = { ...entry.meta, ...entry.config.meta }
    const settings = Object.keys(meta).length === 0 ? entry.config : { ...entry.config, meta }
    return { ...test, description: entry.description, settings }
  })
}
