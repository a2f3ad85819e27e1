import { once } from 'node:events'
import { createServer } from 'node:http'
import type { GeotabDatabase } from './database.ts'
import type { FaultControl } from './fault-control.ts'
import type { RequestLog } from './request-log.ts'
import type { FleetTruth } from './truth.ts'
import { createVendor } from './vendor.ts'

export interface GeotabSandboxOptions {
  databases: readonly GeotabDatabase[]
  /** The vendor's clock: it decides what has happened and which session is good. The system's by default. */
  now?: () => Date
  /** Minutes that a session lives, 14 days by default. */
  sessionMinutes?: number
  /** Address to listen on, 127.0.0.1 by default. */
  address?: string
  /** Port to listen on; 0, the default, takes a free one. */
  port?: number
}

export interface GeotabSandbox {
  /** Origin, such as http://127.0.0.1:41234; the API is at /apiv1 below it. */
  url: string
  /** Host and port, such as 127.0.0.1:41234. */
  host: string
  port: number
  /** What was asked so far, oldest first. */
  requests: readonly RequestLog[]
  faults: FaultControl
  /** What is true of a database's fleet, as of now. Throws RangeError when there is no such database. */
  truthOf(database: string): FleetTruth
  /** Ends all sessions, or those of one database; answers how many. */
  expireSessions(database?: string): number
  /** Changes the host that Authenticate sends the clients of a database to; null is this server. */
  redirect(database: string, path: string | null): void
  /** Stops at once, whatever is under way. */
  close: () => Promise<void>
}

const FORTNIGHT_MINUTES = 14 * 24 * 60

/** Starts a stand-in for MyGeotab. Rejects when the port is taken, or when two databases share a name. */
export async function startGeotabSandbox(options: GeotabSandboxOptions): Promise<GeotabSandbox> {
  const now = options.now ?? (() => new Date())
  const vendor = createVendor(options.databases, { now, sessionMinutes: options.sessionMinutes ?? FORTNIGHT_MINUTES })
  const databaseOf = (name: string) => {
    const database = vendor.databases.get(name)
    if (database === undefined) throw new RangeError(`The stand-in has no database called "${name}".`)
    return database
  }
  const server = createServer(vendor.handle)
  server.listen(options.port ?? 0, options.address ?? '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('The stand-in listens on no port.')
  const host = `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  return {
    url: `http://${host}`,
    host,
    port: address.port,
    requests: vendor.requests,
    faults: vendor.faults,
    truthOf(name) {
      const { fleet } = databaseOf(name)
      fleet.advance(now())
      return fleet.truth
    },
    expireSessions: (database) => vendor.sessions.end(database === undefined ? {} : { database }),
    redirect(name, path) {
      const database = databaseOf(name)
      if (path === null) delete database.redirectTo
      else database.redirectTo = path
    },
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
