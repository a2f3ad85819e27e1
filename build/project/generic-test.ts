import { escapeLiteral } from 'pg'
import { z } from 'zod'
import { advice } from '../template/advice.ts'
import { TestSettings, type DataTest } from './data-test.ts'
import { didYouMean, PlacedError, problemAt, type Problem } from '../template/problem.ts'
import { checkTemplate } from '../template/template-check.ts'
import { parseTemplate } from '../template/template.ts'
import { schemaProblems, type Path, type YamlFile } from './yaml-file.ts'

/** What a generic test is about: `relation` is the call that names it, `names` its part of the test's name. */
export interface TestOwner {
  model?: string
  source?: string
  names: string
  relation: string
  column?: string | undefined
}

type Args = Record<string, unknown>

const Scalar = z.union([z.string(), z.number(), z.boolean()])
const TESTS: Record<string, { args: z.ZodObject; sql: (relation: string, column: string, args: Args) => string }> = {
  unique: { args: z.strictObject({}), sql: uniqueSql },
  not_null: {
    args: z.strictObject({}),
    sql: (relation, column) => `select * from ${relation} where ${column} is null`,
  },
  accepted_values: {
    args: z.strictObject({ values: z.array(Scalar).min(1), quote: z.boolean().optional() }),
    sql: acceptedValuesSql,
  },
  relationships: {
    args: z.strictObject({
      to: z.string().regex(/^\s*(ref|source)\(.*\)\s*$/, "a model or source: ref('...') or source('...', '...')"),
      field: z.string(),
    }),
    sql: relationshipsSql,
  },
}

/** Makes the data test that a YAML entry asks for. Returns null after adding to `problems` what is wrong with it. */
export function genericTest(
  entry: string | Record<string, Args>,
  owner: TestOwner,
  file: YamlFile<unknown>,
  path: Path,
  problems: Problem[],
): DataTest | null {
  const [type, given] = typeof entry === 'string' ? [entry, {}] : (Object.entries(entry)[0] ?? ['', {}])
  const offset = file.offsetOf(typeof entry === 'string' ? path : [...path, type])
  const refuse = (message: string) => {
    problems.push(problemAt(file.source, offset, message))
    return null
  }
  const test = Object.hasOwn(TESTS, type) ? TESTS[type] : undefined
  if (test === undefined) {
    const hint =
      advice(type) || didYouMean(type, Object.keys(TESTS)) || ': write a singular test, a query for the wrong rows'
    return refuse(`the test ${type} is not supported${hint}`)
  }
  const { name, description: _, config, arguments: nested, column_name, ...rest } = given
  const [flatSettings, flatArgs] = split(rest, (key) => key in TestSettings.shape)
  const args = test.args.safeParse({ ...flatArgs, ...Object(nested) })
  const settings = TestSettings.safeParse({ ...flatSettings, ...Object(config) })
  const issues = [...(args.error?.issues ?? []), ...(settings.error?.issues ?? [])]
  if (issues.length > 0) {
    const offsetOf = ([key = '', ...more]: Path) => {
      const holder = key in given ? [] : [key in Object(nested) ? 'arguments' : 'config']
      return file.offsetOf([...path, type, ...holder, key, ...more])
    }
    problems.push(...schemaProblems(issues, file.source, offsetOf))
    return null
  }
  const column = owner.column ?? (typeof column_name === 'string' ? column_name : undefined)
  if (column === undefined) return refuse(`the test ${type} is about a column: put it below one, or give column_name`)
  const where = settings.data?.where
  const relation = where === undefined ? owner.relation : `(select * from ${owner.relation} where ${where}) as tested`
  const text = test.sql(relation, column, args.data ?? {})
  const prefix = owner.source === undefined ? '' : 'source_'
  const suffix = Object.entries(args.data ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, value]) => value)
  const made = [column, ...suffix].map((part) => asPython(part).replaceAll(/[^0-9a-zA-Z_]+/g, '_')).join('__')
  try {
    const template = parseTemplate({ file: file.source.file, text, origin: { source: file.source, offset } })
    const found = checkTemplate(template, [])
    problems.push(...found)
    if (found.length > 0) return null
    return {
      name: typeof name === 'string' ? name : `${prefix}${type}_${owner.names}_${made}`,
      template,
      settings: settings.data ?? {},
      owner: owner.model ?? owner.source ?? '',
      column,
    }
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    problems.push(error.problem)
    return null
  }
}

function uniqueSql(relation: string, column: string): string {
  return `select ${column} as unique_field, count(*) as n_records
from ${relation}
where ${column} is not null
group by ${column}
having count(*) > 1`
}

function acceptedValuesSql(relation: string, column: string, args: Args): string {
  const quoted = [args.values]
    .flat()
    .map((value) => (args.quote === false ? asPython(value) : escapeLiteral(asPython(value))))
  return `select value_field, n_records
from (select ${column} as value_field, count(*) as n_records from ${relation} group by ${column}) as found
where value_field not in (${quoted.join(', ')})`
}

function relationshipsSql(relation: string, column: string, args: Args): string {
  return `select from_field
from (select ${column} as from_field from ${relation} where ${column} is not null) as child
left join (select ${String(args.field)} as to_field from {{ ${String(args.to)} }}) as parent on child.from_field = parent.to_field
where parent.to_field is null`
}

const asPython = (value: unknown) => (typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value))

function split(entries: Args, isFirst: (key: string) => boolean): [Args, Args] {
  const all = Object.entries(entries)
  return [
    Object.fromEntries(all.filter(([key]) => isFirst(key))),
    Object.fromEntries(all.filter(([key]) => !isFirst(key))),
  ]
}
