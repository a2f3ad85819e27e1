import { PipelineError } from '../../core/errors.ts'

export type Params = Readonly<Record<string, unknown>>

/** A method of the API and its parameters, without credentials. */
export interface Request {
  method: string
  params: Params
}

/** "Geotab fleet, Get Device": how a message names a request. */
export function describe(connection: string, request: Request): string {
  const entity = entityOf(request)
  const calls = callsIn(request).length
  const size = calls === 0 ? '' : ` of ${calls} calls`
  return `Geotab ${connection}, ${request.method}${entity === null ? '' : ` ${entity}`}${size}`
}

/** The kind of record that a request is about. */
export function entityOf({ params }: Request): string | null {
  const name = params['typeName']
  return typeof name === 'string' ? name : null
}

/** The calls in a multi-call; none in any other request. */
export function callsIn({ method, params }: Request): readonly Request[] {
  return method === 'ExecuteMultiCall' && Array.isArray(params['calls']) ? (params['calls'] as Request[]) : []
}

/** Whether a request changes nothing, so that it can be sent again. */
export function isRead(request: Request): boolean {
  return request.method.startsWith('Get') || (callsIn(request).length > 0 && callsIn(request).every(isRead))
}

/**
 * Throws GEOTAB_BAD_REQUEST for what is never sent: Remove, which takes everything with it that hangs on a record, and
 * a multi-call that writes, which stops half-way when a call fails.
 */
export function assertAllowed(request: Request, what: string): void {
  const calls = [request, ...callsIn(request)]
  const refuse = (why: string) => new PipelineError('GEOTAB_BAD_REQUEST', `${what}: ${why}. Nothing was sent.`, 'never')
  if (calls.some(({ method }) => method === 'Remove')) throw refuse('Remove is never called: history goes with it')
  const write = callsIn(request).find((call) => !isRead(call))
  if (write === undefined) return
  throw refuse(`${write.method} writes, and a multi-call that fails leaves its writes half done; send it alone`)
}

/** `what`, and of a multi-call which of its calls it is about. */
export function describeCall(what: string, request: Request, index: number | undefined): string {
  const call = index === undefined ? undefined : callsIn(request)[index]
  if (index === undefined || call === undefined) return what
  return `${what}, call ${index + 1} (${call.method} ${entityOf(call) ?? ''})`
}

/** A request as a message may show it: only what was asked for, since what is written may be personal. */
export function requestText(request: Request): string {
  return isRead(request) ? JSON.stringify(request.params) : request.method
}
