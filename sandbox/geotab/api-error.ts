import { randomUUID } from 'node:crypto'

/** An error as the API tells it; `type` is the name of its exception. */
export class ApiError extends Error {
  readonly type: string
  readonly info: string | undefined
  /** Seconds to wait, and the HTTP status: 200 unless told otherwise. */
  readonly retryAfter: number | undefined
  readonly status: number
  /** Place of the call that failed in a multi-call. */
  requestIndex = 0

  constructor(type: string, message: string, more: { info?: string; retryAfter?: number; status?: number } = {}) {
    super(message)
    this.name = 'ApiError'
    this.type = type
    this.info = more.info
    this.retryAfter = more.retryAfter
    this.status = more.status ?? 200
  }
}

export const argumentError = (message: string) => new ApiError('ArgumentException', message)

/** The error in both of its generations: clients of either kind find what they read. */
export function errorEnvelope(error: ApiError): unknown {
  const { type, message, info, requestIndex } = error
  return {
    error: {
      message,
      code: type === 'MissingMethodException' ? -32_601 : -32_000,
      data: { id: randomUUID(), type, requestIndex, ...(info === undefined ? {} : { info }) },
      name: 'JSONRPCError',
      errors: [{ message, name: type, ...(info === undefined ? {} : { data: { info } }) }],
    },
    jsonrpc: '2.0',
  }
}
