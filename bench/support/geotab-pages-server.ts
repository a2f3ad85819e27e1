import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startSftpSandbox } from '../../sandbox/sftp/server.ts'
import { hourRows, standingRows, type HoursOptions } from './geotab-hours.ts'

// Stands for the vendors of a benchmark, in a process of its own: serves pages of feeds that were made beforehand, and
// takes files over SFTP. Told by messages which hours to add; answers when they are there.

interface Page {
  rows: string[]
  toVersion: string
}

const PAGE_ROWS = 20_000
const pages = new Map<string, Page[]>()
const snapshots = new Map<string, string>()

function addRows(type: string, rows: string[]): void {
  const held = pages.get(type) ?? []
  for (let from = 0; from < rows.length; from += PAGE_ROWS) {
    held.push({ rows: rows.slice(from, from + PAGE_ROWS), toVersion: (held.length + 1).toString(16).padStart(16, '0') })
  }
  pages.set(type, held)
}

const server = createServer((request, response) => {
  void reply(request, response)
})

async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, params } = JSON.parse(await readBody(request)) as { method: string; params: Params }
  response.setHeader('content-type', 'application/json')
  response.end(`{"jsonrpc":"2.0","result":${answer(method, params)}}`)
}

interface Params extends Record<string, unknown> {
  typeName?: string
  fromVersion?: string
}

function answer(method: string, params: Params): string {
  const type = params.typeName ?? ''
  if (method === 'Authenticate') {
    const { database, userName } = params
    return JSON.stringify({ path: 'ThisServer', credentials: { database, userName, sessionId: 'bench-session-id' } })
  }
  if (method === 'GetFeed') {
    const at = Number.parseInt(params.fromVersion ?? '0', 16)
    const page = pages.get(type)?.[at]
    if (page === undefined)
      return `{"data":[],"toVersion":"${(pages.get(type)?.length ?? 0).toString(16).padStart(16, '0')}"}`
    return `{"data":[${page.rows.join(',')}],"toVersion":"${page.toVersion}"}`
  }
  if (method === 'Get') return snapshots.get(type) ?? '[]'
  if (method === 'ExecuteMultiCall') return JSON.stringify((params['calls'] as unknown[]).map(() => []))
  if (method === 'GetAddresses') {
    const coordinates = params['coordinates'] as { x: number; y: number }[]
    return JSON.stringify(
      coordinates.map(({ x, y }) => ({
        formattedAddress: `${Math.abs(Math.round(x * 1e4))} Main St, ${y.toFixed(3)}`,
      })),
    )
  }
  return 'null'
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

process.on('message', (order: { vehicles: number; zones: number } | HoursOptions | 'stop') => {
  if (order === 'stop') {
    server.close()
    void sftp.close().then(() => process.disconnect?.())
    return
  }
  if ('zones' in order) {
    for (const [type, rows] of Object.entries(standingRows(order.vehicles, order.zones))) {
      if (/^(Group|Controller|Source|FailureMode|UnitOfMeasure)$/.test(type)) snapshots.set(type, JSON.stringify(rows))
      else
        addRows(
          type,
          rows.map((row) => JSON.stringify(row)),
        )
    }
    process.send?.({ rows: 0 })
    return
  }
  let total = 0
  for (const [type, rows] of Object.entries(hourRows(order))) {
    addRows(type, rows)
    total += rows.length
  }
  void process.send?.({ rows: total })
})

server.listen(0, '127.0.0.1')
await once(server, 'listening')
const sftp = await startSftpSandbox({ user: 'bench', password: 'bench-sftp-password' })
process.send?.({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  sftp: { host: sftp.host, port: sftp.port, fingerprint: sftp.fingerprint },
})
