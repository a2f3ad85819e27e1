import { createHash } from 'node:crypto'
import type { DataTest, Reference } from '../project/data-test.ts'
import { box } from '../template/jinja.ts'
import { pythonText } from '../template/template-value.ts'

type GenericTest = Pick<DataTest, 'name' | 'type' | 'subject' | 'column' | 'args'>

/** The end of a generic test's id in dbt: a hash of its name, its kind and its arguments. */
export function testHash(test: GenericTest): string {
  const metadata = asTexts({ namespace: null, name: test.type, kwargs: argumentsOf(test) })
  const told = test.name + inPython(metadata)
  return createHash('md5').update(told).digest('hex').slice(-10)
}

/** What dbt calls the test's macro with. */
export function argumentsOf({ args, column, subject }: GenericTest): Record<string, unknown> {
  const model = subject === null ? '' : `{{ get_where_subquery(${callOf(subject)}) }}`
  return { ...args, ...(column === null ? {} : { column_name: column }), model }
}

export function callOf(reference: Reference): string {
  return 'node' in reference ? `ref('${reference.node}')` : `source('${reference.source}', '${reference.table}')`
}

/** A value as Python writes it, which dbt makes hashes and templates of. */
export const inPython = (value: unknown) => pythonText(box([value])).slice(1, -1)

function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts)
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value : inPython(value)
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([key, item]) => [key, asTexts(item)]))
}
