import type { TestResult } from '../build/run/result.ts'
import { count, renderTable, type Cell } from './output.ts'

/** The tests that did not pass, each with some of its wrong rows, and a line that counts all of them. */
export function renderTests(tests: TestResult[]): string[] {
  const of = (status: TestResult['status']) => tests.filter((test) => test.status === status).length
  const bad = tests.filter((test) => test.status !== 'pass' && test.status !== 'skipped')
  const counts = `${count(of('pass'))} tests passed, ${of('warn')} warned, ${of('fail')} failed, ${of('error')} could not be run, ${of('skipped')} skipped`
  return [...bad.flatMap(renderTest), counts]
}

function renderTest(test: TestResult): string[] {
  const head = `${test.status.toUpperCase()} ${test.name}: ${count(test.failures)} wrong rows`
  if (test.error !== null) return [`${test.status.toUpperCase()} ${test.name}\n    ${test.error.message}`]
  const columns = Object.keys(test.sample[0] ?? {})
  if (columns.length === 0) return [head]
  const rows = test.sample.map((row) => columns.map((column) => row[column] as Cell))
  return [
    head,
    ...renderTable(columns, rows)
      .split('\n')
      .map((line) => `    ${line}`),
  ]
}
