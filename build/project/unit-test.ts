import { basename, extname } from 'node:path'
import { didYouMean, problemAt, type Problem, type SourceText } from '../template/problem.ts'
import { parseCsv } from './csv.ts'
import type { Reference } from './data-test.ts'
import { filesIn, readSource } from './files.ts'
import type { Placed } from './properties.ts'
import type { UnitTest } from './properties-file.ts'
import { parseReference } from './reference.ts'

/** Rows of a unit test: by column, or as a query. */
export type FixtureRows =
  | { format: 'rows'; columns: string[]; rows: Record<string, unknown>[] }
  | { format: 'sql'; text: string }

/** One run of a model over given rows, and the rows that it must return. */
export interface UnitTestCase {
  name: string
  model: string
  description: string
  given: { input: Reference | 'this'; rows: FixtureRows }[]
  expect: FixtureRows
  overrides: UnitTest['overrides']
  tags: string[]
  meta: Record<string, unknown>
  source: SourceText
  offset: number
}

/** The unit tests of YAML files, with their fixture files. What is wrong with one is added to `problems`. */
export function readUnitTests(
  dir: string,
  testPaths: string[],
  found: (UnitTest & Placed)[],
  problems: Problem[],
): UnitTestCase[] {
  const fixtures = new Map(
    (found.length === 0 ? [] : filesIn(dir, testPaths, ['csv', 'sql']))
      .filter(({ folders }) => folders[0] === 'fixtures')
      .map(({ path }) => [basename(path, extname(path)), path]),
  )
  return found.flatMap((test) => {
    if (test.config.enabled === false) return []
    const { source } = test.file
    const refuse = (message: string) => {
      problems.push(problemAt(source, test.offset, `unit test ${test.name}: ${message}`))
      return []
    }
    const readRows = (rows: UnitTest['expect']): FixtureRows => {
      if (rows.fixture === undefined) return rowsOf(rows.format, rows.rows ?? [])
      const path = fixtures.get(rows.fixture)
      if (path !== undefined) return rowsOf(rows.format, readSource(dir, path).text)
      throw new TypeError(
        `there is no fixture ${rows.fixture} below a folder "fixtures" of the test-paths${didYouMean(rows.fixture, fixtures.keys())}`,
      )
    }
    try {
      const given = test.given.map(({ input, ...rows }) => {
        const reference = input.trim() === 'this' ? ('this' as const) : parseReference(input)
        if (reference === null) throw new TypeError(`input: ref('...'), source('...', '...') or this, not ${input}`)
        return { input: reference, rows: readRows(rows) }
      })
      const { name, model, description, overrides, offset } = test
      const tags = [...new Set([...test.tags, ...(test.config.tags ?? [])])]
      const meta = { ...test.meta, ...test.config.meta }
      return { name, model, description, given, expect: readRows(test.expect), overrides, tags, meta, source, offset }
    } catch (error) {
      if (error instanceof TypeError) return refuse(error.message)
      throw error
    }
  })
}

function rowsOf(format: UnitTest['expect']['format'], rows: NonNullable<UnitTest['expect']['rows']>): FixtureRows {
  if (format === 'sql') {
    if (typeof rows === 'string') return { format, text: rows }
    throw new TypeError('format sql takes a query as text')
  }
  const list = typeof rows === 'string' ? csvRows(format, rows) : rows
  return { format: 'rows', columns: [...new Set(list.flatMap((row) => Object.keys(row)))], rows: list }
}

function csvRows(format: string, text: string): Record<string, unknown>[] {
  if (format !== 'csv') throw new TypeError(`format ${format} takes a list of rows, not a text`)
  const [header = [], ...lines] = parseCsv(text, ',')
  return lines.map((line) => Object.fromEntries(header.map((name, index) => [name.trim(), emptyToNull(line[index])])))
}

const emptyToNull = (value: string | undefined) => (value === undefined || value.trim() === '' ? null : value.trim())
