import { randomUUID } from 'node:crypto'
import { Client, type Connection, type Submittable } from 'pg'
import { storableJson } from '../core/json.ts'
import { createKysely } from '../db/kysely.ts'
import { createPool } from '../db/pool.ts'
import { landPage } from '../extract/landing.ts'
import { openBenchDatabase } from './support/database.ts'
import { median, printFigures } from './support/figures.ts'

// Landing against plain COPY of the same rows into a table of the same shape (same columns, same indexes), in one run.
// usage: node bench/landing.ts [rows] [bytes per record] [rounds]
const rows = Number(process.argv[2] ?? 50_000)
const bytes = Number(process.argv[3] ?? 552)
const rounds = Number(process.argv[4] ?? 3)
const PAGE = 5000

const records = Array.from({ length: rows }, (_, i) => {
  const record = { primaryKey: String(i), invoiceNumber: `N${i}`, total: (i % 9973) / 100, note: '' }
  const missing = bytes - JSON.stringify(record).length
  // Text that compresses like text, not like a run of one letter.
  record.note = Array.from({ length: Math.ceil(Math.max(0, missing) / 12) }, (_word, j) =>
    ((i * 2_654_435_761 + j * 40_503) >>> 0).toString(36).padStart(11, 'q'),
  )
    .join(' ')
    .slice(0, Math.max(0, missing))
  return record
})
const keyOf = (record: unknown) => (record as { primaryKey: string }).primaryKey

/** COPY … FROM STDIN with ready-made bytes, spoken over the driver's own connection. */
class CopyIn implements Submittable {
  readonly #statement: string
  readonly #data: Buffer
  readonly done = Promise.withResolvers<void>()
  constructor(statement: string, data: Buffer) {
    this.#statement = statement
    this.#data = data
  }
  submit(connection: Connection): void {
    connection.query(this.#statement)
  }
  handleCopyInResponse(connection: Connection & { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }): void {
    for (let at = 0; at < this.#data.length; at += 65_536)
      connection.sendCopyFromChunk(this.#data.subarray(at, at + 65_536))
    connection.endCopyFrom()
  }
  handleCommandComplete(): void {}
  handleReadyForQuery(): void {
    this.done.resolve()
  }
  handleError(error: Error): void {
    this.done.reject(error)
  }
}

const database = await openBenchDatabase()
try {
  const pool = createPool(database.url)
  const db = createKysely(pool)
  const admin = new Client({ connectionString: database.url })
  await admin.connect()
  await admin.query('create schema bench; create table bench.copied (like raw.fullbay__invoices including all)')
  const runId = randomUUID()
  const copyBytes = Buffer.from(
    records
      .map(
        (record) =>
          `bench\t${record.primaryKey}\t1\tt\t${storableJson(record).replaceAll('\\', '\\\\')}\t-\t${runId}\n`,
      )
      .join(''),
  )
  const columns = 'connection, record_key, version, is_current, payload, content_hash, run_id'

  const timed = async (work: () => Promise<void>) => {
    const from = performance.now()
    await work()
    return (performance.now() - from) / 1000
  }
  const copyAll = async () => {
    const copy = new CopyIn(`copy bench.copied (${columns}) from stdin`, copyBytes)
    admin.query(copy)
    await copy.done.promise
  }
  const landAll = async () => {
    for (let at = 0; at < records.length; at += PAGE) {
      const page = { runId, window: null, records: records.slice(at, at + PAGE) }
      const target = { feed: 'bench', table: 'raw.fullbay__invoices', connection: 'bench', keyOf }
      await db.transaction().execute(async (trx) => void (await landPage(trx, target, page)))
    }
  }

  const times = { copy: [] as number[], fresh: [] as number[], again: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    await admin.query('truncate bench.copied; truncate raw.fullbay__invoices; checkpoint')
    times.copy.push(await timed(copyAll))
    times.fresh.push(await timed(landAll))
    times.again.push(await timed(landAll))
  }
  const rate = (seconds: number[]) => rows / median(seconds)
  printFigures(`landing, ${rows} records of ${bytes} bytes, pages of ${PAGE}, median of ${rounds} rounds`, [
    ['plain COPY', `${Math.round(rate(times.copy))} rows/s`],
    [
      'landing, fresh',
      `${Math.round(rate(times.fresh))} rows/s`,
      `${(median(times.copy) / median(times.fresh)).toFixed(2)} of COPY`,
    ],
    [
      'landing, unchanged',
      `${Math.round(rate(times.again))} rows/s`,
      `${(median(times.copy) / median(times.again)).toFixed(2)} of COPY`,
    ],
  ])
  await admin.end()
  await pool.end()
} finally {
  await database.close()
}
