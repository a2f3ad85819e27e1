import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool } from '../../db/pool.ts'
import type { Builder } from './builders.ts'
import { compareSets, noFindings, type PassFindings } from './findings.ts'
import { compareRelations, readRelations } from './relations.ts'
import { compareRows } from './rows.ts'

/** One of the two builds of a project: by what, into which schemas. */
export interface Side {
  build: Builder
  /** The target's schema. */
  schema: string
  /** What the names of all schemas of this side begin with, and those of nothing else. */
  prefix: string
  vars: Record<string, unknown>
}

export interface Comparison {
  projectDir: string
  databaseUrl: string
  ours: Side
  dbt: Side
  /** Changes what the project reads, before the second pass. */
  change: () => Promise<void>
  /** Columns whose values are not compared: a name, or `relation.column`. */
  ignore?: string[]
  /** Only the results of nodes and tests: a failed test keeps us from publishing, and not dbt. */
  isResultsOnly?: boolean
}

/** Builds a project by both sides three times (anew, after a change, fully refreshed) and compares after each. */
export async function compareBuilds(comparison: Comparison): Promise<PassFindings[]> {
  const workDir = mkdtempSync(join(tmpdir(), 'milepost-differential-'))
  const pool = createPool(comparison.databaseUrl, { label: 'differential' })
  const [found, starts]: [PassFindings[], Date[]] = [[], []]
  const build = async (name: string, { build: run, schema, vars }: Side, isFullRefresh: boolean) => {
    const { projectDir, databaseUrl } = comparison
    const ownDir = join(workDir, name)
    mkdirSync(ownDir, { recursive: true })
    return run({ projectDir, databaseUrl, schema, vars, isFullRefresh, workDir: ownDir })
  }
  try {
    for (const pass of ['first', 'changed', 'full refresh']) {
      if (pass === 'changed') await comparison.change()
      const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now')
      starts.push(...rows.map(({ now }) => now))
      const ours = await build('ours', comparison.ours, pass === 'full refresh')
      const dbt = await build('dbt', comparison.dbt, pass === 'full refresh')
      const findings = noFindings()
      compareSets(findings, 'results', 'the build', ours, dbt)
      found.push({ pass, findings })
      if (comparison.isResultsOnly === true) return found
      const [own, theirs] = [
        await readRelations(pool, comparison.ours.prefix),
        await readRelations(pool, comparison.dbt.prefix),
      ]
      for (const pair of compareRelations(findings, own, theirs)) {
        await compareRows(findings, pool, pair, { passes: starts, ignore: comparison.ignore ?? [] })
      }
    }
    return found
  } finally {
    await pool.end()
    rmSync(workDir, { recursive: true, force: true })
  }
}
