import { once } from 'node:events'
import { createServer } from 'node:http'
import type { FullbayAccount } from './access.ts'
import type { FaultControl } from './fault-control.ts'
import type { RequestLog } from './request-log.ts'
import { createVendor } from './vendor.ts'

export interface FullbaySandboxOptions {
  accounts: readonly FullbayAccount[]
  /** The vendor's clock: it decides which token is good and which invoices exist. The system's by default. */
  now?: () => Date
  /** Invoices per page, 50 by default. */
  pageSize?: number
  /** Whether replies are compressed for a client that accepts it; true by default. */
  compress?: boolean
  /** Address to listen on, 127.0.0.1 by default. */
  host?: string
  /** Port to listen on; 0, the default, takes a free one. */
  port?: number
}

export interface FullbaySandbox {
  /** Origin, such as http://127.0.0.1:41234. */
  url: string
  /** The folder of the API's scripts, with its final slash: what a client takes for the vendor's address. */
  baseUrl: string
  port: number
  /** What was asked so far, oldest first. */
  requests: readonly RequestLog[]
  faults: FaultControl
  /** Stops at once, whatever is under way. */
  close: () => Promise<void>
}

const DEFAULT_PAGE_SIZE = 50

/** Starts a stand-in for Fullbay. Rejects when the port is taken, or when two accounts share a key. */
export async function startFullbaySandbox(options: FullbaySandboxOptions): Promise<FullbaySandbox> {
  const vendor = createVendor(options.accounts, {
    now: options.now ?? (() => new Date()),
    pageSize: options.pageSize ?? DEFAULT_PAGE_SIZE,
    compress: options.compress ?? true,
  })
  const server = createServer(vendor.handle)
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('The stand-in listens on no port.')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  const url = `http://${host}:${address.port}`
  return {
    url,
    baseUrl: `${url}/services/`,
    port: address.port,
    requests: vendor.requests,
    faults: vendor.faults,
    async close() {
      vendor.stop()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
