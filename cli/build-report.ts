import type { BuildEvent, BuildResult, NodeResult, TestResult } from '../build/run/result.ts'
import { renderTests } from './model-report.ts'
import { count, isInteractive, print, say } from './output.ts'

/** Prints each node as it is done and each test that does not pass; on a terminal also what is under way. */
export function progressReporter(isQuiet: boolean): (event: BuildEvent) => void {
  const isMoving = isInteractive()
  return (event) => {
    const line = event.type === 'model' ? nodeLine(event.node) : testLine(event.test)
    if (isMoving) process.stderr.write('\r\u001b[2K')
    const place = `${String(event.index).padStart(String(event.total).length)} of ${event.total}`
    if (line !== null && !isQuiet) print(`${place}  ${line}`)
    if (isMoving && event.index < event.total) {
      process.stderr.write(
        `${place} ${event.type === 'model' ? event.node.name : event.test.name}`.slice(0, process.stderr.columns - 1),
      )
    }
  }
}

function nodeLine(node: NodeResult): string {
  const rows = node.rows === null ? '' : `  ${count(node.rows)} ${node.rows === 1 ? 'row' : 'rows'}`
  const word = node.status === 'failed' ? 'FAILED' : node.status
  const reason = node.status === 'skipped' ? `  ${node.message}` : ''
  return `${word.padEnd(9)} ${node.kind.padEnd(11)} ${node.schema}.${node.relation}${rows}  ${node.seconds.toFixed(2)} s${reason}`
}

function testLine(test: TestResult): string | null {
  if (test.status === 'pass') return null
  const failures = test.status === 'skipped' || test.status === 'error' ? '' : `  ${count(test.failures)} wrong rows`
  return `${test.status.toUpperCase().padEnd(9)} ${test.resource.replace('_', ' ').padEnd(11)} ${test.name}${failures}`
}

/** What became of a build: errors, tests that found rows, and the counts that dbt's users look for. */
export function renderSummary(result: BuildResult): string {
  for (const warning of result.warnings) say(`warning: ${warning}`)
  const errors = result.nodes.flatMap((node) => (node.error === null ? [] : ['', node.error.message]))
  const orphans = result.orphans.map(
    ({ schema, name }) => `left as it is: ${schema}.${name}, whose model is gone; drop it when nobody reads it`,
  )
  return ['', ...errors, ...renderTests(result.tests), ...orphans, verdict(result), totals(result)].join('\n').trim()
}

function verdict({ nodes, groups, seconds }: BuildResult): string {
  const of = (status: NodeResult['status']) => nodes.filter((node) => node.status === status).length
  const published = nodes.filter((node) => node.status === 'built' && node.isPublished).length
  const held = groups.filter((group) => !group.isPublished)
  const took = `${seconds.toFixed(1)} s`
  if (held.length === 0)
    return `Published ${published} ${published === 1 ? 'node' : 'nodes'}, ${of('unchanged')} unchanged, in ${took}.`
  if (held.length === groups.length) return `Nothing was published (${took}): readers keep the last good models.`
  const names = held.map((group) => group.name).join(', ')
  return `Published ${published} nodes in ${took}; held back: ${names}. Their readers keep the last good models.`
}

function totals({ nodes, tests }: BuildResult): string {
  const all = [...nodes, ...tests].map((result) => result.status)
  const of = (...statuses: string[]) => all.filter((status) => statuses.includes(status)).length
  return `Done. PASS=${of('built', 'unchanged', 'pass')} WARN=${of('warn')} ERROR=${of('failed', 'fail', 'error')} SKIP=${of('skipped')} TOTAL=${all.length}`
}
