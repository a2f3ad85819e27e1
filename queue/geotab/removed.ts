import { sql, type Transaction } from 'kysely'
import type { DB } from '../../db/schema.ts'
import type { VanishingEntity } from '../../extract/geotab/whole.ts'

/** Where the records of a kind stand that may vanish without a word. */
export interface VanishingKind {
  entity: VanishingEntity
  feed: 'devices' | 'users' | 'zones' | 'rules' | 'diagnostics'
  key: string
  /** Of those that a list never has, though they are known by their ids. */
  unlisted?: string
}

export const VANISHING_KINDS: readonly VanishingKind[] = [
  { entity: 'Device', feed: 'devices', key: 'device_id' },
  { entity: 'User', feed: 'users', key: 'user_id' },
  { entity: 'Zone', feed: 'zones', key: 'zone_id' },
  { entity: 'Rule', feed: 'rules', key: 'rule_id', unlisted: `base_type = 'ZoneStop'` },
  { entity: 'Diagnostic', feed: 'diagnostics', key: 'diagnostic_id' },
]

/** What the source tells of again is there again, since whenever it was taken to be gone. */
export function bringBack(kind: VanishingKind) {
  return async (trx: Transaction<DB>, connection: string, keys: readonly string[]): Promise<void> => {
    await sql`
      update ${sql.table(`base.geotab__${kind.feed}`)} set removed_at = null, landed_xid = pg_current_xact_id()
      where connection = ${connection} and removed_at is not null and ${sql.ref(kind.key)} = any(${keys}::text[])
    `.execute(trx)
  }
}

/**
 * Marks records as gone since a reading began; what arrived after `mark`, when that reading began, is not among them.
 * Returns those that were marked.
 */
export async function markRemoved(
  trx: Transaction<DB>,
  kind: VanishingKind,
  of: { connection: string; ids: readonly string[]; removedAt: Date; mark: string },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update ${sql.table(`base.geotab__${kind.feed}`)} as b
    set removed_at = ${of.removedAt}, landed_xid = pg_current_xact_id()
    where b.connection = ${of.connection} and b.removed_at is null and ${sql.ref(`b.${kind.key}`)} = any(${of.ids}::text[])
      and not exists (
        select from ${sql.table(`raw.geotab__${kind.feed}`)} as r
        where r.connection = b.connection and r.record_key = ${sql.ref(`b.${kind.key}`)} and r.is_current
          and r.landed_xid >= ${of.mark}::xid8
      )
    returning ${sql.ref(`b.${kind.key}`)} as id
  `.execute(trx)
  return rows.map(({ id }) => id)
}
