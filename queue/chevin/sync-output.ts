import type { RowResult } from '../../load/geotab/result-csv.ts'
import type { StoredPlan } from '../../load/geotab/plans.ts'
import type { VehicleFileRecord } from '../../extract/landing-vehicles.ts'

/** What a call did. */
export interface SyncOutput {
  /**
   * `missing`, `waiting`: there is no (complete) file. `rejected`: it cannot be read. `same`: it was dealt with before.
   * `planned`: the plan was made and not carried out. `needs_approval`: it changes too much. `applied`: it was carried out.
   * `busy`: another process is at it.
   */
  state: 'missing' | 'waiting' | 'rejected' | 'same' | 'planned' | 'needs_approval' | 'applied' | 'busy'
  explanation: string
  file: { path: string; sha256: string; archived_as: string | null } | null
  plan: Pick<StoredPlan, 'plan_id' | 'status' | 'fleet' | 'rows' | 'changes' | 'change_limit' | 'warnings'> | null
  /** Rows of the file by what became of them; null before they were carried out. */
  results: RowCounts | null
}

export type RowCounts = Record<RowResult['result'], number>

export function syncOutput(
  state: SyncOutput['state'],
  explanation: string,
  of: { plan?: StoredPlan; file?: VehicleFileRecord; archived?: string | null; results?: RowCounts },
): SyncOutput {
  const { plan, file = plan, archived = null, results = null } = of
  return {
    state,
    explanation,
    file: file === undefined ? null : { path: file.path, sha256: file.sha256, archived_as: archived },
    plan:
      plan === undefined
        ? null
        : {
            plan_id: plan.plan_id,
            status: plan.status,
            fleet: plan.fleet,
            rows: plan.rows,
            changes: plan.changes,
            change_limit: plan.change_limit,
            warnings: plan.warnings,
          },
    results,
  }
}

export function countResults(results: readonly RowResult[]): RowCounts {
  const counts = { applied: 0, unchanged: 0, rejected: 0, failed: 0, planned: 0 }
  for (const { result } of results) counts[result] += 1
  return counts
}

/** What became of a file's rows, in a line. */
export function countsLine({ applied, unchanged, rejected, failed }: RowCounts): string {
  const parts = [`${applied} changed`, `${unchanged} unchanged`, `${rejected} rejected`]
  return [...parts, ...(failed === 0 ? [] : [`${failed} failed`])].join(', ')
}
