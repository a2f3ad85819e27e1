import type { GeotabDatabase } from '../../../sandbox/geotab/database.ts'
import { createFleet, type Fleet, type FleetOptions } from '../../../sandbox/geotab/fleet.ts'
import { startGeotabSandbox, type GeotabSandbox } from '../../../sandbox/geotab/server.ts'
import type { Row } from '../../../sandbox/geotab/wire.ts'

export const USER = { userName: 'svc@fleet.example', password: 'right' }
export const NOW = new Date('2026-03-13T18:00:00Z')
export const ZERO = '0000000000000000'

export function aFleet(options: Partial<FleetOptions> = {}): Fleet {
  return createFleet({ seed: 7, vehicles: 5, startDate: '2026-03-09', ...options })
}

export interface Client extends GeotabSandbox, AsyncDisposable {
  database: GeotabDatabase
  /** Sets the clock of the stand-in. */
  setNow(now: Date): void
  /** What a call answers, with the session of the user. Throws RpcError. */
  call(method: string, parameters?: Row): Promise<unknown>
  get(typeName: string, search?: Row, more?: Row): Promise<Row[]>
  feed(typeName: string, parameters?: Row): Promise<{ data: Row[]; toVersion: string }>
  /** Sends a body as it is. */
  post(body: string, headers?: Record<string, string>): Promise<Response>
  credentials: Row
}

/** What the API answered instead of a result. */
export class RpcError extends Error {
  readonly error: { data: { type: string; requestIndex: number }; errors: Row[]; code: number }
  readonly response: Response

  constructor(error: RpcError['error'] & { message: string }, response: Response) {
    super(`${error.data.type}: ${error.message}`)
    this.error = error
    this.response = response
  }
}

/** A stand-in with one database, and a client with a session; closed when its test ends. */
export async function aSandbox(
  options: Partial<GeotabDatabase> & { now?: Date; sessionMinutes?: number; others?: GeotabDatabase[] } = {},
): Promise<Client> {
  const { now: first = NOW, sessionMinutes, others = [], ...own } = options
  let now = first
  const database: GeotabDatabase = { name: 'db', users: [USER], fleet: own.fleet ?? aFleet(), ...own }
  const sandbox = await startGeotabSandbox({
    databases: [database, ...others],
    now: () => now,
    ...(sessionMinutes === undefined ? {} : { sessionMinutes }),
  })
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${sandbox.url}/apiv1`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  const credentials: Row = {}
  async function call(method: string, parameters: Row = {}): Promise<unknown> {
    const response = await post(JSON.stringify({ id: -1, method, params: { credentials, ...parameters } }))
    const envelope = (await response.json()) as { result?: unknown; error?: RpcError['error'] & { message: string } }
    if (envelope.error !== undefined) throw new RpcError(envelope.error, response)
    return envelope.result
  }
  const client: Client = {
    ...sandbox,
    database,
    credentials,
    setNow: (later) => (now = later),
    call,
    get: async (typeName, search = {}, more = {}) => (await call('Get', { typeName, search, ...more })) as Row[],
    feed: async (typeName, parameters = {}) =>
      (await call('GetFeed', { typeName, ...parameters })) as { data: Row[]; toVersion: string },
    post,
    [Symbol.asyncDispose]: () => sandbox.close(),
  }
  await login(client)
  return client
}

/** Opens a session, and makes it the client's. */
export async function login(client: Client): Promise<Row> {
  const result = (await client.call('Authenticate', { database: 'db', ...USER })) as Row & { credentials: Row }
  Object.assign(client.credentials, result.credentials)
  return result
}

/** Every page of a feed from its beginning. */
export async function wholeFeed(client: Client, typeName: string, resultsLimit: number, search?: Row): Promise<Row[]> {
  const rows: Row[] = []
  for (let fromVersion = ZERO; ;) {
    const page = await client.feed(typeName, { fromVersion, resultsLimit, ...(search === undefined ? {} : { search }) })
    rows.push(...page.data)
    if (page.data.length < resultsLimit) return rows
    fromVersion = page.toVersion
  }
}
