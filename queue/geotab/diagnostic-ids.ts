import { sql, type Kysely, type Transaction } from 'kysely'
import type { DB } from '../../db/schema.ts'
import { touchFacts } from './touch-facts.ts'

/** Two ids of one diagnostic, the older first, and how that is known. */
export interface Alias {
  aliasId: string
  diagnosticId: string
  noticedBy: 'source' | 'likeness'
}

/** All ids of these diagnostics: those given, then what else they were or are called. */
export async function allIdsOf(db: Kysely<DB>, connection: string, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select other.alias_id as id from base.geotab__diagnostic_aliases as given
    join base.geotab__diagnostic_aliases as other
      on other.connection = given.connection and other.diagnostic_id = given.diagnostic_id
    where given.connection = ${connection} and given.alias_id = any(${ids}::text[])
    order by 1
  `.execute(db)
  return [...new Set([...ids, ...rows.map(({ id }) => id)])]
}

/** Keeps both ids as those of one diagnostic; what was told under the older one without a name is told again. */
export async function noteAliases(
  trx: Transaction<DB>,
  { connection, now }: { connection: string; now: Date },
  aliases: readonly Alias[],
): Promise<void> {
  for (const { aliasId, diagnosticId, noticedBy } of aliases) {
    await sql`
      with known as (
        select first_id, diagnostic_id from base.geotab__diagnostic_aliases
        where connection = ${connection} and alias_id in (${diagnosticId}, ${aliasId})
        order by alias_id = ${diagnosticId} desc
      ),
      others as (
        update base.geotab__diagnostic_aliases
        set diagnostic_id = ${diagnosticId}, landed_xid = pg_current_xact_id(),
          noticed_by = case when noticed_by = 'current' then ${noticedBy} else noticed_by end
        where connection = ${connection} and diagnostic_id in (select diagnostic_id from known)
          and alias_id not in (${aliasId}, ${diagnosticId})
      )
      insert into base.geotab__diagnostic_aliases as held (connection, alias_id, diagnostic_id, first_id, noticed_by)
      select ${connection}, v.alias_id, ${diagnosticId}, coalesce((select first_id from known limit 1), ${aliasId}), v.noticed_by
      from (values (${aliasId}, ${noticedBy}), (${diagnosticId}, 'current')) as v (alias_id, noticed_by)
      on conflict (connection, alias_id) do update
        set diagnostic_id = excluded.diagnostic_id, noticed_by = excluded.noticed_by, landed_xid = pg_current_xact_id()
        where (held.diagnostic_id, held.noticed_by) is distinct from (excluded.diagnostic_id, excluded.noticed_by)
    `.execute(trx)
  }
  const ids = aliases.map(({ aliasId }) => aliasId)
  const { rows } = await sql<{ id: string }>`
    delete from base.geotab__unknown_references
    where connection = ${connection} and entity = 'Diagnostic' and reference_id = any(${ids}::text[])
    returning reference_id as id
  `.execute(trx)
  const found = rows.map(({ id }) => id)
  if (found.length > 0) {
    await touchFacts(trx, { connection, fact: 'faults', column: 'diagnostic_id', ids: found, now })
  }
}
