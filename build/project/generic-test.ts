import { createHash } from 'node:crypto'
import { escapeLiteral } from 'pg'
import { z } from 'zod'
import { advice } from '../template/advice.ts'
import { checkTemplate } from '../template/template-check.ts'
import { didYouMean, PlacedError, problemAt, warningOf, type Problem, type SourceText } from '../template/problem.ts'
import { isRunnable, type ProjectMacros } from '../template/macro-file.ts'
import { parseTemplate, type Template } from '../template/template.ts'
import { parseReference } from './reference.ts'
import { TestSettings, type BuiltInTest, type DataTest, type Reference } from './data-test.ts'
import type { TestEntry } from './properties-file.ts'
import { schemaProblems, type Path, type ValueRenderer, type YamlFile } from './yaml-file.ts'

type Args = Record<string, unknown>

/** Where an entry stands: `label` and `prefix` are parts of the test's name. */
interface TestPlace {
  subject: Reference
  label: string
  prefix: string
  column: string | null
}

/** What a YAML file's tests may use of the project. */
export interface TestContext {
  /** The generic tests that the project defines: name and parameters. */
  defined: Map<string, string[]>
  macros: ProjectMacros
  renderValue: ValueRenderer
  problems: Problem[]
}

const Scalar = z.union([z.string(), z.number(), z.boolean()])
const BUILT_IN = {
  unique: z.strictObject({}),
  not_null: z.strictObject({}),
  accepted_values: z.strictObject({ values: z.array(Scalar).min(1), quote: z.boolean().optional() }),
  relationships: z.strictObject({ to: z.string(), field: z.string() }),
}

/** Makes the data test that a YAML entry asks for. Returns null after adding to the problems what is wrong with it. */
export function readGenericTest(
  entry: TestEntry,
  place: TestPlace,
  file: YamlFile<unknown>,
  path: Path,
  context: TestContext,
): DataTest | null {
  const { macros, problems } = context
  const { type, given, holder } = readEntry(entry)
  const offsetHere = () => file.offsetOf([...path, ...holder])
  const refuse = (message: string) => {
    problems.push(problemAt(file.source, offsetHere(), message))
    return null
  }
  const parameters = context.defined.get(type)
  // A project may define a test in place of one of the four, as in dbt.
  const isBuiltIn = parameters === undefined && Object.hasOwn(BUILT_IN, type)
  const [unusable] = macros.unusable.find((macro) => macro.name === `test_${type}`)?.problems ?? []
  if (unusable !== undefined) return refuse(`the test ${type} cannot be run here: ${warningOf(unusable)}`)
  if (!isBuiltIn && parameters === undefined) {
    const hint =
      advice(type.split('.')[0] ?? '') ||
      didYouMean(type, [...Object.keys(BUILT_IN), ...context.defined.keys()]) ||
      ': define it with {% test %} in the test-paths or macro-paths, or write a singular test'
    return refuse(`the test ${type} is not known${hint}`)
  }
  const { name, description, config, arguments: nested, column_name, ...rest } = given
  const [flatSettings, flatArgs] = split(rest, (key) => key in TestSettings.shape)
  const rendered = Object.entries({ ...flatSettings, ...Object(config) }).map(([key, value]) => {
    const isTemplate = typeof value === 'string' && /\{[{%#]/.test(value)
    return [key, isTemplate ? context.renderValue(value, file.source, offsetHere()) : value]
  })
  const settings = TestSettings.safeParse(Object.fromEntries(rendered))
  const args: Args = { ...flatArgs, ...Object(nested) }
  const issues = [...(settings.error?.issues ?? []), ...argumentIssues(type, args, parameters)]
  if (issues.length > 0) {
    const offsetOf = ([key = '', ...more]: Path) => {
      const at = key in given ? [] : [key in Object(nested) ? 'arguments' : 'config']
      return file.offsetOf([...path, ...holder, ...at, key, ...more])
    }
    problems.push(...schemaProblems(issues, file.source, offsetOf))
    return null
  }
  const column = place.column ?? (typeof column_name === 'string' ? column_name : null)
  if (isBuiltIn && column === null) {
    return refuse(`the test ${type} is about a column: put it below one, or give column_name`)
  }
  const made = {
    name:
      typeof name === 'string'
        ? name
        : nameOf(`${place.prefix}${type}_${place.label}`, { ...args, column_name: column }),
    kind: 'generic' as const,
    source: { file: file.source.file, text: '', origin: placed(file.source, offsetHere) },
    settings: settings.data ?? {},
    description: typeof description === 'string' ? description : '',
    subject: place.subject,
    type,
    column,
    args,
  }
  try {
    if (isBuiltIn) return { ...made, template: null, builtIn: builtInTest(type, args) }
    return { ...made, template: callOf(made, parameters ?? [], macros, problems), builtIn: null }
  } catch (error) {
    if (error instanceof PlacedError) problems.push(error.problem)
    else if (error instanceof TypeError) return refuse(error.message)
    else throw error
    return null
  }
}

/** A place that is looked up when it is asked for. */
const placed = (source: SourceText, place: () => number) => ({
  source,
  get offset() {
    return place()
  },
})

/** An entry is a name, a name with arguments, or arguments one of which is `test_name`. */
function readEntry(entry: TestEntry): { type: string; given: Args; holder: Path } {
  if (typeof entry === 'string') return { type: entry, given: {}, holder: [] }
  if (typeof entry.test_name === 'string') {
    const { test_name, ...given } = entry
    return { type: test_name, given, holder: [] }
  }
  const [type = '', given] = Object.entries(entry)[0] ?? []
  // Settings may stand beside the name instead of below it.
  const beside = Object.fromEntries(Object.entries(entry).slice(1))
  return { type, given: { ...beside, ...Object(given) }, holder: [type] }
}

function argumentIssues(type: string, args: Args, parameters: string[] | undefined) {
  if (parameters === undefined) return BUILT_IN[type as keyof typeof BUILT_IN].safeParse(args).error?.issues ?? []
  const unknown = Object.keys(args).filter((key) => !parameters.includes(key))
  if (unknown.length === 0) return []
  return [{ code: 'unrecognized_keys' as const, keys: unknown, path: [], message: '' }]
}

function builtInTest(type: string, args: Args): BuiltInTest {
  if (type === 'accepted_values') {
    const isQuoted = args.quote !== false
    const values = [args.values].flat().map(asPython)
    return { type, values: values.map((value) => (isQuoted ? escapeLiteral(value) : value)).join(', ') }
  }
  if (type === 'relationships') {
    const to = parseReference(String(args.to))
    if (to === null)
      throw new TypeError(`to: a model or source is ref('...') or source('...', '...'), not ${String(args.to)}`)
    return { type, parent: { to, field: String(args.field) } }
  }
  return { type: type === 'unique' ? 'unique' : 'not_null' }
}

/** The template that calls a test which the project defines. */
function callOf(
  test: Pick<DataTest, 'source' | 'subject' | 'type' | 'column' | 'args' | 'settings'>,
  parameters: string[],
  macros: ProjectMacros,
  problems: Problem[],
): Template | null {
  const { subject, settings } = test
  const relation =
    subject !== null && 'node' in subject
      ? `ref('${subject.node}')`
      : `source('${subject?.source ?? ''}', '${subject?.table ?? ''}')`
  const model =
    settings.where === undefined
      ? relation
      : `'(select * from ' ~ ${relation} ~ ${literal(` where ${settings.where}) as dbt_subquery`)}`
  const given = { ...(parameters.includes('column_name') ? { column_name: test.column } : {}), ...test.args }
  const args = Object.entries(given).map(([key, value]) => `${key}=${argument(value)}`)
  const text = `{{ test_${String(test.type)}(${[`model=${model}`, ...args].join(', ')}) }}`
  const template = parseTemplate({ ...test.source, text })
  problems.push(...checkTemplate(template, macros.names))
  return isRunnable(template, macros) ? template : null
}

/** An argument as a template expression: texts such as ref('x') are calls, as in dbt. */
function argument(value: unknown): string {
  if (typeof value === 'string' && /^\s*(ref|source|var|env_var)\s*\(.*\)\s*$/s.test(value)) return value
  if (typeof value === 'string' && /^\s*\{\{(.*)\}\}\s*$/s.test(value)) return value.trim().slice(2, -2)
  return literal(value)
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(argument).join(', ')}]`
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${literal(key)}: ${argument(item)}`)
      .join(', ')}}`
  }
  return value === null || value === undefined ? 'none' : JSON.stringify(value)
}

/** The name that dbt gives a test: what it is about, then its arguments in the order of their names. */
function nameOf(start: string, args: Args): string {
  const parts = Object.entries(args)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, value]) =>
      Array.isArray(value) ? value : typeof value === 'object' ? Object.values(Object(value)) : [value],
    )
  return `${start}_${parts.map((part) => asPython(part).replaceAll(/[^0-9a-zA-Z_]+/g, '_')).join('__')}`
}

/** A name of at most 63 characters, as dbt shortens it for the database. */
export function shortTestName(name: string, start: string): string {
  if (name.length < 64) return name
  return `${start.slice(0, 30)}_${createHash('md5').update(name).digest('hex')}`
}

const asPython = (value: unknown) => (typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value))

function split(entries: Args, isFirst: (key: string) => boolean): [Args, Args] {
  const all = Object.entries(entries)
  return [
    Object.fromEntries(all.filter(([key]) => isFirst(key))),
    Object.fromEntries(all.filter(([key]) => !isFirst(key))),
  ]
}
