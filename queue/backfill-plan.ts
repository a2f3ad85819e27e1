/** What a backfill keeps with its steps: the days that are read again, both included. */
export interface BackfillPlan {
  backfill: { from: string; to: string }
}

export function isBackfillPlan(plan: unknown): plan is BackfillPlan {
  return typeof plan === 'object' && plan !== null && 'backfill' in plan
}
