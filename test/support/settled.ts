import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'pg'

/** Waits until every transaction of the server that began before now is over, also those of other databases. */
export async function settled(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ now: string }>('select pg_current_xact_id()::text as now')
  const now = rows[0]?.now ?? ''
  for (let left = 3000; left > 0; left -= 1) {
    const { rows: open } = await pool.query('select where pg_snapshot_xmin(pg_current_snapshot()) <= $1::xid8', [now])
    if (open.length === 0) return
    await setTimeout(10)
  }
  throw new Error(`a transaction that began before ${now} did not end`)
}
