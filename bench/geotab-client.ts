import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { systemClock } from '../core/clock.ts'
import { parseJson } from '../core/json.ts'
import { Secret } from '../core/secret.ts'
import { ACCOUNT_DEFAULTS, openGeotab } from '../extract/geotab/client.ts'
import { readFeed } from '../extract/geotab/feed.ts'
import { geotabRateLimiter } from '../extract/geotab/rate-limiter.ts'
import { median, printFigures } from './support/figures.ts'

// A feed of LogRecords read through the client, against JSON.parse of the same bytes. The pages are made beforehand and
// served from memory over loopback, by this process: its own time is in the figures, packing them is not.
// usage: node bench/geotab-client.ts [rows per page] [pages] [rounds]
const rows = Number(process.argv[2] ?? 50_000)
const pages = Number(process.argv[3] ?? 10)
const rounds = Number(process.argv[4] ?? 3)

const hex = (version: number) => version.toString(16).padStart(16, '0')
const record = (i: number, longitude: string) =>
  `{"latitude":${43 + (i % 9973) / 1e7},"longitude":${longitude},"speed":${i % 120},"dateTime":"2026-03-02T${String(i % 24).padStart(2, '0')}:00:00.000Z",` +
  `"device":{"id":"b${(i % 1000).toString(16).toUpperCase()}"},"id":"b${(i * 7919).toString(16).toUpperCase()}"}`
const page = (longitude: (i: number) => string) =>
  `"data":[${Array.from({ length: rows }, (_, i) => record(i, longitude(i))).join(',')}]},"jsonrpc":"2.0"}`
// The version stands in front, so that all pages share the bytes of their rows.
const head = (version: number) => `{"result":{"toVersion":"${hex(version)}",`

const variants = [
  { name: 'plain numbers', body: page((i) => String(-79 - (i % 9973) / 1e7)), packed: false },
  { name: 'the same, gzip', body: page((i) => String(-79 - (i % 9973) / 1e7)), packed: true },
  { name: 'numbers of 17 digits', body: page((i) => String(-79.70904541015625 - i / 1e14)), packed: false },
  {
    name: 'one number no double holds',
    body: page((i) => (i === 7 ? '-79.12345678901234567' : '-79.5')),
    packed: false,
  },
  { name: 'one NaN', body: page((i) => (i === 7 ? 'NaN' : '-79.5')), packed: false },
]

let tail: Buffer = Buffer.alloc(0)
let packedPages: Buffer[] | null = null
const server = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  const { method, params } = JSON.parse(text) as { method: string; params: { fromVersion?: string } }
  if (method === 'Authenticate') {
    const credentials = { database: 'bench', userName: 'bench', sessionId: 'bench-session' }
    response.end(JSON.stringify({ result: { path: 'ThisServer', credentials } }))
    return
  }
  const from = Number(`0x${params.fromVersion ?? '0'}`)
  if (from >= pages) {
    response.end(`${head(from)}"data":[]}}`)
  } else if (packedPages !== null) {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(packedPages[from])
  } else {
    response.write(head(from + 1))
    response.end(tail)
  }
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const client = openGeotab({
  ...ACCOUNT_DEFAULTS,
  connection: 'bench',
  server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  database: 'bench',
  userName: 'bench',
  password: new Secret('bench-password'),
  limiter: geotabRateLimiter({ pacing: 0 }),
  clock: systemClock,
})
const { signal } = new AbortController()

function timed(work: () => void): number {
  const from = performance.now()
  work()
  return (performance.now() - from) / 1000
}

async function readAll(): Promise<number> {
  let read = 0
  const from = performance.now()
  for await (const { records } of readFeed(client, 'LogRecord', hex(0), { resultsLimit: rows, signal })) {
    read += records.length
  }
  if (read !== rows * pages) throw new Error(`${read} rows were read of ${rows * pages}`)
  return (performance.now() - from) / 1000
}

const figures: string[][] = []
for (const { name, body, packed } of variants) {
  tail = Buffer.from(body)
  packedPages = packed ? Array.from({ length: pages }, (_, i) => gzipSync(head(i + 1) + body, { level: 1 })) : null
  const whole = head(1) + body.replaceAll('NaN', 'null')
  const parse: number[] = []
  const ours: number[] = []
  const read: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    parse.push(timed(() => JSON.parse(whole)))
    ours.push(timed(() => parseJson(whole)))
    read.push(await readAll())
  }
  const perSecond = (seconds: number[], count: number) => `${Math.round(count / median(seconds) / 1000)}k rows/s`
  figures.push([
    `${name} (${(body.length / 1_048_576).toFixed(1)} MB a page)`,
    perSecond(read, rows * pages),
    `JSON.parse ${perSecond(parse, rows)}, parseJson ${perSecond(ours, rows)}`,
  ])
}
const { maxRSS } = process.resourceUsage()
figures.push(['most memory of this process', `${Math.round(maxRSS / 1024)} MB`])
printFigures(`MyGeotab client, ${pages} pages of ${rows} LogRecords, median of ${rounds} rounds`, figures)
server.closeAllConnections()
server.close()
