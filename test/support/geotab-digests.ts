import type { TestDatabase } from './database.ts'

// What two loads of the same records may differ in: numbers, moments and transactions of ours, runs, and how often we saw or asked.
const VOLATILE =
  /^(id|run_id|landed_xid|first_seen_at|last_seen_at|first_landed_at|changed_at|asked_at|wanted_at|decided_at|missing_since|seen_count|attempts|updated_at)$/

/** A digest of each raw and base table of the Geotab line, of all that the source decides. */
export async function geotabDigests({ pool }: TestDatabase): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; columns: string[] }>(`
    select format('%s.%s', n.nspname, c.relname) as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname in ('raw', 'base') and c.relkind in ('r', 'p') and not c.relispartition and c.relname like 'geotab%'
    group by 1 order by 1
  `)
  const digests: Record<string, string> = {}
  for (const { name, columns } of rows) {
    const kept = columns.filter((column) => !VOLATILE.test(column)).map((column) => `"${column}"`)
    const { rows: found } = await pool.query<{ digest: string }>(`
      select count(*) || ' rows ' || coalesce(md5(string_agg(md5(r::text), ',' order by md5(r::text))), '') as digest
      from (select ${kept.join(', ')} from ${name}) as r
    `)
    digests[name] = found[0]?.digest ?? ''
  }
  return digests
}
