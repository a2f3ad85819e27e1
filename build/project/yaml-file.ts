import { isMap, isNode, isScalar, isSeq, parseDocument, visit, type Document, type Tags } from 'yaml'
import type { z } from 'zod'
import { advice } from '../template/advice.ts'
import { problemAt, type Problem, type SourceText } from '../template/problem.ts'

export type Path = PropertyKey[]

/** A YAML file that fits its schema, and where each of its entries stands. */
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

/**
 * Reads a YAML text (as YAML 1.1, dbt's dialect: `yes` and `on` are booleans) and checks it. Returns null after adding
 * to `problems` whatever is wrong with it.
 */
export function readYaml<T>(source: SourceText, schema: z.ZodType<T>, problems: Problem[]): YamlFile<T> | null {
  const document = parseDocument(source.text, { version: '1.1', merge: true, customTags: asPyYaml })
  const found = document.errors.map((error) => {
    return problemAt(source, error.pos[0], `cannot be read as YAML: ${error.message.split(/ at line |\n/)[0]}`)
  })
  visit(document, {
    Scalar: (_key, { value, range }) => {
      if (typeof value !== 'string' || !/\{[{%#]/.test(value)) return
      found.push(problemAt(source, range?.[0] ?? 0, 'templates in YAML are not supported: write the value itself'))
    },
  })
  const parsed = schema.safeParse(document.toJS() ?? {})
  const offsetOf = (path: Path) => offsetIn(document, path)
  if (found.length === 0 && !parsed.success) found.push(...schemaProblems(parsed.error.issues, source, offsetOf))
  problems.push(...found)
  return parsed.success && found.length === 0 ? { source, data: parsed.data, offsetOf } : null
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
