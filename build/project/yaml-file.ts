import { isMap, isNode, isScalar, isSeq, parseDocument, visit, type Document, type Tags } from 'yaml'
import type { z } from 'zod'
import { advice } from '../template/advice.ts'
import { PlacedError, problemAt, warningOf, type Problem, type SourceText } from '../template/problem.ts'
import type { YamlCache } from './yaml-cache.ts'

export type Path = PropertyKey[]

/** A YAML file that fits its schema, and where each of its entries stands; the place is found when it is asked for. */
export interface YamlFile<T> {
  source: SourceText
  data: T
  offsetOf(path: Path): number
}

// The words that PyYAML takes for booleans; YAML 1.1 has `y` and `n` too, which are good names for columns.
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/

function asPyYaml(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag === 'string' || tag.collection !== undefined || tag.tag !== 'tag:yaml.org,2002:bool') return tag
    return { ...tag, test: tag.test?.test('true') ? TRUE : FALSE }
  })
}

/** Renders the template in a value of a YAML file. Throws a PlacedError. */
export type ValueRenderer = (text: string, source: SourceText, offset: number) => unknown

/** Which keys that a schema does not know are no problem, and where the warnings go. */
export interface OddKeys {
  isPassedOver(path: Path, key: string): boolean
  warnings: string[]
}

const TEMPLATE = /\{[{%#]/

// What stands below these keys is rendered later, where it is used.
const RENDERED_LATER = new Set(['tests', 'data_tests', 'unit_tests'])

/**
 * Reads a YAML text (as YAML 1.1, dbt's dialect: `yes` and `on` are booleans) and checks it. Returns null after adding
 * to `problems` whatever is wrong with it.
 */
export function readYaml<T>(
  source: SourceText,
  schema: z.ZodType<T>,
  renderValue: ValueRenderer,
  problems: Problem[],
  options: { odd?: OddKeys; cache?: YamlCache } = {},
): YamlFile<T> | null {
  const { odd, cache } = options
  const known = cache?.get(source.text)
  let document = known === undefined ? documentOf(source) : null
  const found = document === null ? [] : renderDocument(document, source, renderValue)
  const value: unknown = known ?? document?.toJS() ?? {}
  // A value with templates is another one with other variables.
  if (known === undefined && found.length === 0 && !TEMPLATE.test(source.text)) cache?.add(source.text, value)
  const offsetOf = (path: Path) => offsetIn((document ??= documentOf(source)), path)
  let parsed = schema.safeParse(value)
  if (!parsed.success && odd !== undefined) {
    dropKeys(value, parsed.error.issues, odd, (path) =>
      problemAt(source, offsetOf(path), `${String(path.at(-1))} has no effect`),
    )
    parsed = schema.safeParse(value)
  }
  if (found.length === 0 && !parsed.success) found.push(...schemaProblems(parsed.error.issues, source, offsetOf))
  problems.push(...found)
  return parsed.success && found.length === 0 ? { source, data: parsed.data, offsetOf } : null
}

/** The text with the place of each of its parts. */
function documentOf({ text }: SourceText): Document.Parsed {
  return parseDocument(text, { version: '1.1', merge: true, customTags: asPyYaml })
}

/** Renders the values that are templates. Returns what is wrong with them and with the document. */
function renderDocument(document: Document.Parsed, source: SourceText, renderValue: ValueRenderer): Problem[] {
  const found = document.errors.map((error) => {
    return problemAt(source, error.pos[0], `cannot be read as YAML: ${error.message.split(/ at line |\n/)[0]}`)
  })
  if (!TEMPLATE.test(source.text)) return found
  visit(document, {
    Pair: (_key, { key }) => (isScalar(key) && RENDERED_LATER.has(String(key.value)) ? visit.SKIP : undefined),
    Scalar: (key, node) => {
      if (key === 'key' || typeof node.value !== 'string' || !TEMPLATE.test(node.value)) return
      try {
        node.value = renderValue(node.value, source, node.range?.[0] ?? 0)
      } catch (error) {
        if (!(error instanceof PlacedError)) throw error
        found.push(error.problem)
      }
    },
  })
  return found
}

/** Removes the keys that a schema does not know and that are passed over, with a warning for each. */
function dropKeys(value: unknown, issues: z.core.$ZodIssue[], odd: OddKeys, remark: (path: Path) => Problem): void {
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const holder = issue.path.reduce<unknown>((at, key) => Object(at)[key], value)
    for (const key of issue.keys) {
      if (!odd.isPassedOver(issue.path, key)) continue
      delete Object(holder)[key]
      odd.warnings.push(warningOf(remark([...issue.path, key])))
    }
  }
}

/** The issues of a schema as problems; `offsetOf` finds the place of a path. */
export function schemaProblems(
  issues: z.core.$ZodIssue[],
  source: SourceText,
  offsetOf: (path: Path) => number,
): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        return problemAt(source, offsetOf([...issue.path, key]), `${key} is not supported here${advice(key)}`)
      })
    }
    const name = issue.path.map(String).join('.')
    return [problemAt(source, offsetOf(issue.path), `${name === '' ? '' : `${name}: `}${issue.message}`)]
  })
}

/** An error message for an enumeration that names what to use in place of an unsupported value. */
export function oneOf(values: readonly string[]): { error: (issue: { input?: unknown }) => string } {
  return {
    error: ({ input }) => `${String(input)} is not supported${advice(String(input)) || `: use ${values.join(' or ')}`}`,
  }
}

function offsetIn(document: Document, path: Path): number {
  let node: unknown = document.contents
  let offset = 0
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      if (pair === undefined) return offset
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = (isNode(node) ? node.range?.[0] : undefined) ?? offset
    }
  }
  return offset
}
