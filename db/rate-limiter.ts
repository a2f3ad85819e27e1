import type { Pool } from 'pg'
import { waitForSlot, type CallSlots, type Reservation } from '../core/call-slots.ts'

/**
 * Slots that all processes share, in `ops.rate_limits`: whoever asks reserves the next one in one statement, timed by
 * the database's clock, then waits on its own. A slot that is free at once costs one round trip; one that was waited
 * for costs a second, which asks whether the key was blocked meanwhile.
 */
export function databaseSlots(pool: Pool): CallSlots {
  return {
    async acquire(key, spanMs, signal) {
      await waitForSlot(
        () => reserve(pool, key, spanMs),
        () => epochOf(pool, key),
        signal,
      )
    },
    async block(key, ms) {
      await pool.query(BLOCK, [key, ms])
    },
  }
}

// clock_timestamp(), not now(): a statement that waited for the row must not reserve in the past.
const RESERVE = `
  insert into ops.rate_limits as held (key, next_at)
  values ($1, clock_timestamp() + $2::float8 * interval '1 millisecond')
  on conflict (key) do update
    set next_at = greatest(held.next_at, clock_timestamp()) + $2::float8 * interval '1 millisecond'
  returning
    epoch,
    extract(epoch from next_at - $2::float8 * interval '1 millisecond' - clock_timestamp())::float8 * 1000 as wait_ms`

const BLOCK = `
  insert into ops.rate_limits as held (key, next_at, blocked_until, epoch)
  select $1, u.until, u.until, 1 from (select clock_timestamp() + $2::float8 * interval '1 millisecond' as until) as u
  on conflict (key) do update
    set next_at = excluded.next_at, blocked_until = excluded.blocked_until, epoch = held.epoch + 1
    where held.blocked_until is null or held.blocked_until < excluded.blocked_until`

async function reserve(pool: Pool, key: string, spanMs: number): Promise<Reservation> {
  const { rows } = await pool.query<{ epoch: number; wait_ms: number }>(RESERVE, [key, spanMs])
  const row = rows[0]
  if (row === undefined) throw new Error(`No slot was reserved for ${key}`)
  return { waitMs: row.wait_ms, epoch: row.epoch }
}

/** A key whose row is gone (someone emptied the table) has no epoch, so the slot is reserved again. */
async function epochOf(pool: Pool, key: string): Promise<number> {
  const { rows } = await pool.query<{ epoch: number }>('select epoch from ops.rate_limits where key = $1', [key])
  return rows[0]?.epoch ?? -1
}
