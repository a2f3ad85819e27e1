import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const RunResults = z.object({
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.string(),
      failures: z.number().nullish(),
      message: z.string().nullish(),
    }),
  ),
})

/** The result of each node and test that `run_results.json` of a target folder has, as text; null without the file. */
export function readRunResults(targetPath: string): string[] | null {
  const path = join(targetPath, 'run_results.json')
  if (!existsSync(path)) return null
  const { results } = RunResults.parse(JSON.parse(readFileSync(path, 'utf8')))
  return results
    .filter(({ unique_id }) => !unique_id.startsWith('operation.'))
    .map(({ unique_id, status, failures, message }) => {
      // A generic test's id ends with a hash of dbt's own.
      const id = unique_id.replace(/^(test\.\w+\.[^.]+)\.\w{10}$/, '$1')
      const found = id.startsWith('test.') ? ` with ${failures ?? 0} failures` : ''
      return `${id}: ${status}${found}${status === 'error' ? ` (${(message ?? '').split('\n')[0] ?? ''})` : ''}`
    })
}
