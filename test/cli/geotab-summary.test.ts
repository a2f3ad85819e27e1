import { expect, test } from 'vitest'
import { updatesLine } from '../../cli/geotab-summary.ts'
import { countsLine, type RowCounts, type SyncOutput } from '../../queue/chevin/sync-output.ts'

const plan = { plan_id: 'p1', status: 'done', fleet: 30, rows: 42, changes: 4, change_limit: 6, warnings: [] } as const
const of = (
  state: SyncOutput['state'],
  explanation: string,
  results: Partial<RowCounts> | null = null,
): SyncOutput => ({
  state,
  explanation,
  file: null,
  plan: { ...plan, warnings: [] },
  results: results === null ? null : { applied: 0, unchanged: 0, rejected: 0, failed: 0, planned: 0, ...results },
})
const applied = (counts: Partial<RowCounts>) => {
  const output = of('applied', '', counts)
  return { ...output, explanation: countsLine(output.results!) }
}

test.for([
  {
    output: applied({ applied: 4, unchanged: 27 }),
    line: '4 changed, 27 unchanged, 0 rejected: npx milepost sync history',
  },
  {
    output: applied({ applied: 4, unchanged: 27, rejected: 11 }),
    line: '4 changed, 27 unchanged, 11 rejected: npx milepost sync history --plan p1',
  },
  {
    output: applied({ applied: 4, failed: 1 }),
    line: '4 changed, 0 unchanged, 0 rejected, 1 failed: npx milepost sync history --plan p1',
  },
  { output: of('missing', 'f.csv is not there'), line: 'nothing to do: f.csv is not there' },
  {
    output: of('needs_approval', 'too much'),
    line: 'WAITING FOR APPROVAL: too much: npx milepost sync apply --approve p1',
  },
  { output: of('rejected', 'it is a PDF'), line: 'THE FILE WAS REJECTED: it is a PDF' },
  { output: of('waiting', 'f.csv: it seems to end within a row'), line: 'f.csv: it seems to end within a row' },
])('the summary of a run says in a line: $line', ({ output, line }) => {
  expect(updatesLine(output)).toBe(line)
})
