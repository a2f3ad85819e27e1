import { escapeIdentifier, escapeLiteral, type Pool, type PoolClient } from 'pg'
import { PipelineError } from '../core/errors.ts'
import { lockId } from './advisory-lock.ts'

type Span = 'day' | 'week' | 'month'

/** A stretch of time that one partition holds, in milliseconds since 1970, its end not included. */
interface Range {
  from: number
  to: number
}

const DAY_MS = 86_400_000

// What stands in each database, as this process last saw it: asking for every page would cost a query each.
const known = new WeakMap<Pool, Map<string, Range[]>>()

/**
 * Makes the partitions of a table (`schema.name`, listed in ops.partitioned_tables) that hold these instants, where
 * they are missing. Any number of processes may ask at once; readers and writers of the table are not held up. It
 * works in a transaction of its own: call it before the one that writes the rows.
 */
export async function ensurePartitions(pool: Pool, table: string, instants: Iterable<number>): Promise<void> {
  const held = known.get(pool)?.get(table) ?? []
  const missing = [...instants].filter((instant) => !isHeld(held, instant))
  if (missing.length === 0) return
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [lockId(`partitions ${table}`)])
    const ranges = await readRanges(client, table)
    const span = await readSpan(client, table)
    for (const instant of missing.toSorted((a, b) => a - b)) {
      if (isHeld(ranges, instant)) continue
      const range = clipped(spanAround(span, instant), ranges, instant)
      await createPartition(client, table, range)
      ranges.push(range)
    }
    await client.query('commit')
    remember(pool, table, ranges)
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

/** Makes the partitions that the coming days need, of every table in ops.partitioned_tables. */
export async function ensureComingPartitions(pool: Pool, now: Date, days = 14): Promise<void> {
  const { rows } = await pool.query<{ table_name: string }>('select table_name from ops.partitioned_tables order by 1')
  for (const { table_name } of rows) {
    const instants = Array.from({ length: days + 2 }, (_, day) => now.getTime() + (day - 1) * DAY_MS)
    await ensurePartitions(pool, table_name, instants)
  }
}

/** Forgets what stands, such as after partitions were dropped. */
export function forgetPartitions(pool: Pool): void {
  known.delete(pool)
}

const isHeld = (ranges: Range[], instant: number) => ranges.some(({ from, to }) => from <= instant && instant < to)

function remember(pool: Pool, table: string, ranges: Range[]): void {
  const tables = known.get(pool) ?? new Map<string, Range[]>()
  tables.set(table, ranges)
  known.set(pool, tables)
}

async function readRanges(client: PoolClient, table: string): Promise<Range[]> {
  const { rows } = await client.query<{ from: number; to: number }>(
    `select (extract(epoch from (regexp_match(bound, $$FROM \\('([^']+)'\\)$$))[1]::timestamptz) * 1000)::float8 as "from",
       (extract(epoch from (regexp_match(bound, $$TO \\('([^']+)'\\)$$))[1]::timestamptz) * 1000)::float8 as "to"
     from pg_inherits as i
     join pg_class as c on c.oid = i.inhrelid
     cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as bound) as b
     where i.inhparent = $1::regclass and bound like 'FOR VALUES FROM%'`,
    [table],
  )
  return rows
}

async function readSpan(client: PoolClient, table: string): Promise<Span> {
  const { rows } = await client.query<{ span: Span }>('select span from ops.partitioned_tables where table_name = $1', [
    table,
  ])
  const span = rows[0]?.span
  if (span !== undefined) return span
  throw new PipelineError('PARTITIONS_UNKNOWN', `${table} is not listed in ops.partitioned_tables.`, 'never')
}

/** The day, the week from Monday, or the month, in UTC, that an instant lies in. */
export function spanAround(span: Span, instant: number): Range {
  const day = Math.floor(instant / DAY_MS)
  if (span === 'day') return { from: day * DAY_MS, to: (day + 1) * DAY_MS }
  if (span === 'week') {
    // 1970-01-01 was a Thursday.
    const monday = day - ((((day + 3) % 7) + 7) % 7)
    return { from: monday * DAY_MS, to: (monday + 7) * DAY_MS }
  }
  const date = new Date(instant)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return { from: Date.UTC(year, month, 1), to: Date.UTC(year, month + 1, 1) }
}

// Partitions made under another span may reach into this one.
function clipped(range: Range, ranges: Range[], instant: number): Range {
  const before = ranges.filter(({ to }) => to <= instant).map(({ to }) => to)
  const after = ranges.filter(({ from }) => from > instant).map(({ from }) => from)
  return { from: Math.max(range.from, ...before), to: Math.min(range.to, ...after) }
}

// Made beside the table and then attached: unlike `partition of`, that does not lock out readers and writers.
async function createPartition(client: PoolClient, table: string, { from, to }: Range): Promise<void> {
  const [schema = '', name = ''] = table.split('.')
  const parent = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`
  const child = `${escapeIdentifier(schema)}.${escapeIdentifier(`${name}_${stamp(from)}`)}`
  await client.query(`create table ${child} (like ${parent} including all)`)
  await client.query(
    `alter table ${parent} attach partition ${child}
     for values from (${escapeLiteral(iso(from))}) to (${escapeLiteral(iso(to))})`,
  )
}

const iso = (instant: number) => new Date(instant).toISOString()
const stamp = (instant: number) => iso(instant).slice(0, 10).replaceAll('-', '').replace(/^[+-]/, '')
