import { PipelineError } from '../../core/errors.ts'
import type { GeotabClient } from './client.ts'
import { FEED_ENTITIES, STATUS_DIAGNOSTICS, type FeedEntity, type FeedEntityName } from './entities.ts'
import { getMax } from './limits.ts'

export interface HistoryOptions {
  /** Instants (ISO, UTC). A row at either end may come in the neighbouring span too. */
  from: string
  to: string
  /** Most rows of a page; the kind's own maximum where that is less. */
  resultsLimit: number
  /** One device only. The whole fleet is the rule: it takes fewer calls, and nothing is interpolated. */
  deviceId?: string
  /** Of StatusData: the diagnostics to read, one after the other. */
  diagnostics?: readonly string[]
  signal: AbortSignal
}

export interface HistoryPage {
  records: unknown[]
  /** Rows left out because the vendor made them up for the ends of the span: they have no id. */
  skipped: number
}

/**
 * Reads the rows of a span of time with Get, oldest first. A full page is followed by the rows after its last; where
 * the vendor does not go on from there (it ignores the order or the offset), the span is halved instead, and rows may
 * come twice. Throws GEOTAB_HISTORY for a kind or span that cannot be read so.
 */
export async function* readHistory(
  client: GeotabClient,
  entity: FeedEntityName,
  options: HistoryOptions,
): AsyncGenerator<HistoryPage> {
  const kind: FeedEntity = FEED_ENTITIES[entity]
  const span = { from: Date.parse(options.from), to: Date.parse(options.to) }
  if (kind.history === null) throw unreadable(client, entity, 'the vendor cannot be asked for it by time')
  if (!(span.from < span.to)) throw unreadable(client, entity, `${options.from} to ${options.to} is not a span of time`)
  const diagnostics = entity === 'StatusData' ? (options.diagnostics ?? STATUS_DIAGNOSTICS) : [undefined]
  for (const diagnostic of diagnostics) {
    const search = {
      ...kind.history.search,
      ...(options.deviceId === undefined ? {} : { deviceSearch: { id: options.deviceId } }),
      ...(diagnostic === undefined ? {} : { diagnosticSearch: { id: diagnostic } }),
    }
    yield* readSpan({ ...kind.history, client, entity, search, options }, span)
  }
}

interface Reading {
  client: GeotabClient
  entity: FeedEntityName
  search: Readonly<Record<string, unknown>>
  options: HistoryOptions
  sortBy: string
  sortedBy: string
}

interface Span {
  from: number
  to: number
}

const SHORTEST_SPAN_MS = 1_000

async function* readSpan(reading: Reading, span: Span): AsyncGenerator<HistoryPage> {
  let last: Row | undefined
  let seen = new Set<string>()
  for (;;) {
    const rows = await readRows(reading, span, last)
    const next = isFull(reading, rows) ? lastRow(reading, rows, last, seen) : undefined
    if (next === null) {
      yield* readHalves(reading, span)
      return
    }
    yield withoutInterpolated(reading.entity, rows)
    if (next === undefined) return
    last = next.row
    seen = next.ids
  }
}

async function* readHalves(reading: Reading, { from, to }: Span): AsyncGenerator<HistoryPage> {
  if (to - from <= SHORTEST_SPAN_MS) {
    const problem = `more rows than fit a page lie between ${iso(from)} and ${iso(to)}, and the vendor does not page through them`
    throw unreadable(reading.client, reading.entity, problem)
  }
  const middle = Math.floor((from + to) / 2)
  yield* readSpan(reading, { from, to: middle })
  yield* readSpan(reading, { from: middle, to })
}

async function readRows(reading: Reading, span: Span, last: Row | undefined): Promise<unknown[]> {
  const { client, entity, search, sortBy, options } = reading
  options.signal.throwIfAborted()
  const offset = last === undefined ? {} : { offset: last.at, lastId: last.id }
  const params = {
    typeName: entity,
    search: { ...search, fromDate: iso(span.from), toDate: iso(span.to) },
    resultsLimit: limitOf(reading),
    sort: { sortBy, sortDirection: 'asc', ...offset },
  }
  return (await client.call('Get', params, { signal: options.signal, expect: 'list' })) as unknown[]
}

function limitOf({ entity, options }: Reading): number {
  return Math.min(getMax(entity), Math.max(1, Math.trunc(options.resultsLimit)))
}

/** A page that is a whole number of thousands may have been cut by a maximum that we do not know of. */
function isFull(reading: Reading, rows: unknown[]): boolean {
  return rows.length >= limitOf(reading) || (rows.length > 0 && rows.length % 1_000 === 0)
}

interface Row {
  id: string
  at: string
}

/** The row to go on after, or null where a full page is not in order or has nothing that the one before had not. */
function lastRow(reading: Reading, rows: unknown[], before: Row | undefined, seen: ReadonlySet<string>) {
  const ids = new Set<string>()
  let row = before
  for (const one of rows) {
    const { id, [reading.sortedBy]: at } = (one ?? {}) as Record<string, unknown>
    if (typeof id !== 'string' || id === '') continue
    if (typeof at !== 'string' || (row !== undefined && !(Date.parse(at) >= Date.parse(row.at)))) return null
    row = { id, at }
    ids.add(id)
  }
  return row === undefined || ids.isSubsetOf(seen) ? null : { row, ids }
}

const INTERPOLATED = new Set<FeedEntityName>(['LogRecord', 'StatusData'])

function withoutInterpolated(entity: FeedEntityName, rows: unknown[]): HistoryPage {
  if (!INTERPOLATED.has(entity)) return { records: rows, skipped: 0 }
  const records = rows.filter((row) => FEED_ENTITIES[entity].keyOf(row) !== null || !isRow(row))
  return { records, skipped: rows.length - records.length }
}

const isRow = (row: unknown) => typeof row === 'object' && row !== null && !Array.isArray(row)

const iso = (ms: number) => new Date(ms).toISOString()

function unreadable(client: GeotabClient, entity: string, problem: string): PipelineError {
  return new PipelineError('GEOTAB_HISTORY', `Geotab ${client.connection}, history of ${entity}: ${problem}.`, 'never')
}
