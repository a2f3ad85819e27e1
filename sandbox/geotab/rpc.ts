import { ApiError } from './api-error.ts'
import type { OpenDatabase } from './database.ts'
import { OPEN, type CallFacts, type FaultControl } from './fault-control.ts'
import type { Fault } from './fault.ts'
import { spoiled, throwFaulty } from './faulty-result.ts'
import { isFeedResult } from './feed.ts'
import { answerMethod, answerOpen, missingMethod, type Caller } from './methods.ts'
import { isRow } from './parameters.ts'
import { logRequest, type RequestLog } from './request-log.ts'
import type { Sessions } from './sessions.ts'
import type { Row } from './wire.ts'

export interface RpcCall {
  method: string
  parameters: Row
}

export interface RpcServer {
  databases: ReadonlyMap<string, OpenDatabase>
  sessions: Sessions
  faults: FaultControl
  requests: RequestLog[]
}

/** What decides whether a fault befalls a call. */
export function factsOf({ method, parameters }: RpcCall, inner = false): CallFacts {
  const credentials = isRow(parameters['credentials']) ? parameters['credentials'] : {}
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  const coordinates = Array.isArray(parameters['coordinates']) ? parameters['coordinates'].filter(isRow) : []
  return {
    method,
    typeName: text(parameters['typeName']),
    database: text(credentials['database'] ?? parameters['database']),
    coordinates: coordinates.map(({ x, y }) => ({ x: Number(x), y: Number(y) })),
    inner,
  }
}

/** Answers a call; `headers` is filled with what tells of its limits. Throws ApiError. */
export function answerCall(
  server: RpcServer,
  call: RpcCall,
  faults: readonly Fault[],
  at: { nowMs: number; headers: Record<string, string> },
): unknown {
  const { method, parameters } = call
  if (faults.some(({ fault }) => fault === 'sessionEnds')) {
    const credentials = parameters['credentials']
    if (isRow(credentials)) server.sessions.end({ id: String(credentials['sessionId']) })
  }
  for (const fault of faults) throwFaulty(fault, method)
  return faults.reduce((result, fault) => spoiled(fault, result, parameters), answerWell(server, call, at))
}

function answerWell(
  server: RpcServer,
  { method, parameters }: RpcCall,
  { nowMs, headers }: { nowMs: number; headers: Record<string, string> },
): unknown {
  if (method === 'Authenticate') return authenticate(server, parameters, nowMs, headers)
  if (OPEN.includes(method)) return answerOpen(method, nowMs)
  if (!METHODS.includes(method)) throw missingMethod(method)
  const credentials =
    method === 'ExtendSession' && !isRow(parameters['credentials']) ? parameters : parameters['credentials']
  const caller = checkedCaller(server, credentials, nowMs)
  if (method === 'ExtendSession' && isRow(credentials)) {
    server.sessions.extend(String(credentials['sessionId']), nowMs)
    return { path: 'ThisServer', credentials }
  }
  caller.database.fleet.advance(new Date(nowMs))
  if (method === 'ExecuteMultiCall') return multiCall(server, parameters, caller, headers)
  const { typeName } = factsOf({ method, parameters })
  Object.assign(headers, caller.database.rates.count(method, typeName, caller.user.userName, nowMs))
  return answerMethod(method, parameters, caller)
}

const METHODS = [
  'Get',
  'GetFeed',
  'GetCountOf',
  'Set',
  'Add',
  'Remove',
  'GetAddresses',
  'GetCoordinates',
  'GetTimeZones',
  'ExtendSession',
  'ExecuteMultiCall',
]

function authenticate(
  { databases, sessions }: RpcServer,
  parameters: Row,
  nowMs: number,
  headers: Record<string, string>,
): unknown {
  const { userName, password } = parameters
  const name = textOr(parameters['database'], '')
  const own = [...databases.values()].filter(({ users }) => users.some((user) => user.userName === userName))
  const only = name === '' && own.length === 1 ? own[0] : undefined
  const database = only ?? databases.get(name)
  if (database === undefined) throw unknownDatabase(name)
  const user = database.users.find((each) => each.userName === userName)
  Object.assign(headers, database.rates.count('Authenticate', null, textOr(userName, ''), nowMs))
  if (user === undefined || user.password !== password) throw incorrectLogin()
  const sessionId = sessions.open(database.name, user.userName, nowMs)
  return {
    path: database.redirectTo ?? 'ThisServer',
    credentials: { database: database.name, userName: user.userName, sessionId },
  }
}

const textOr = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)
const incorrectLogin = () => new ApiError('InvalidUserException', 'Incorrect login credentials')
const unknownDatabase = (name: string) =>
  new ApiError('DbUnavailableException', `UnknownDatabase: there is no database called "${name}".`)

function checkedCaller({ databases, sessions }: RpcServer, credentials: unknown, nowMs: number): Caller {
  if (!isRow(credentials)) throw incorrectLogin()
  const name = textOr(credentials['database'], '')
  const userName = textOr(credentials['userName'], '')
  const database = databases.get(name)
  if (database === undefined) throw unknownDatabase(name)
  const user = database.users.find((each) => each.userName === userName)
  if (user === undefined) throw incorrectLogin()
  if (credentials['password'] === undefined) sessions.check(credentials['sessionId'], name, userName, nowMs)
  else if (credentials['password'] !== user.password) throw incorrectLogin()
  return { database, user, nowMs }
}

/** Runs calls one after another and stops at the first that fails; what was done before stays done. */
function multiCall(server: RpcServer, parameters: Row, caller: Caller, headers: Record<string, string>): unknown[] {
  const calls = parameters['calls']
  if (!Array.isArray(calls)) throw new ApiError('ArgumentNullException', 'calls are missing.')
  return calls.map((call: unknown, index) => {
    const method = isRow(call) ? textOr(call['method'], '') : ''
    const own = isRow(call) && isRow(call['params']) ? call['params'] : {}
    const facts = { ...factsOf({ method, parameters: own }, true), database: caller.database.name }
    const time = new Date(caller.nowMs).toISOString()
    const { typeName, database } = facts
    const log = logRequest(server.requests, { time, method, typeName, database, index })
    try {
      const faults = server.faults.take(facts)
      log.faults = faults.map(({ fault }) => fault)
      for (const fault of faults) throwFaulty(fault, method)
      Object.assign(headers, caller.database.rates.count(method, typeName, caller.user.userName, caller.nowMs))
      const open = answerOpen(method, caller.nowMs)
      const result = open === undefined ? answerMethod(method, own, caller) : open
      log.rows = rowsOf(result)
      return faults.reduce((spoilt, fault) => spoiled(fault, spoilt, own), result)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      log.error = error.type
      error.requestIndex = index
      throw error
    }
  })
}

export function rowsOf(result: unknown): number {
  if (Array.isArray(result)) return result.length
  return isFeedResult(result) ? result.data.length : 0
}
