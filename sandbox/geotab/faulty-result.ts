import { ApiError } from './api-error.ts'
import type { Fault } from './fault.ts'
import { isFeedResult } from './feed.ts'
import { overLimit } from './rate-limits.ts'
import { versionText, type Row } from './wire.ts'

/** Throws the error that a fault puts in the place of a call's result, if it does. */
export function throwFaulty(fault: Fault, method: string): void {
  switch (fault.fault) {
    case 'error':
      throw new ApiError(fault.type, fault.message ?? 'Something went wrong.', { status: fault.status ?? 200 })
    case 'overLimit':
      throw overLimit(60, fault.retryAfter ?? 58, fault.status ?? 200)
    case 'dbUnavailable':
      throw new ApiError('DbUnavailableException', fault.message ?? 'Initializing')
    case 'moved':
      if (method === 'Authenticate') return
      throw new ApiError('DbUnavailableException', 'The database has moved to another server.')
    case 'maintenance':
      if (fault.as === undefined || fault.as === 'error') {
        throw new ApiError('ServiceUnavailableException', 'Service temporarily unavailable')
      }
      return
    case 'addressError':
      throw new ApiError('GenericException', `No address could be found for (${fault.x}, ${fault.y}).`)
    default:
  }
}

/** The result of a call as a fault spoils it. */
export function spoiled(fault: Fault, result: unknown, parameters: Row): unknown {
  switch (fault.fault) {
    case 'nullResult':
      return null
    case 'maintenance':
      return fault.as === 'null' ? null : result
    case 'redirect':
    case 'moved':
      return typeof result === 'object' && result !== null && 'path' in result
        ? { ...result, path: fault.path }
        : result
    case 'addresses':
      return Array.isArray(result) ? spoiledAddresses(fault.how, result) : result
    default:
      return isFeedResult(result) ? spoiledFeed(fault, result, parameters) : result
  }
}

function spoiledAddresses(how: 'fewer' | 'more' | 'nulls', addresses: unknown[]): unknown[] {
  if (how === 'fewer') return addresses.slice(0, -1)
  if (how === 'more') return [...addresses, ...addresses.slice(0, 1)]
  return addresses.map((address, at) => (at % 2 === 0 ? address : null))
}

function spoiledFeed(fault: Fault, result: { data: Row[]; toVersion: string }, parameters: Row): unknown {
  const asked = typeof parameters['fromVersion'] === 'string' ? parameters['fromVersion'] : versionText(0)
  switch (fault.fault) {
    case 'duplicateRows':
      return { ...result, data: [...result.data.slice(0, fault.rows ?? 1), ...result.data] }
    case 'reordered':
      return { ...result, data: result.data.toReversed() }
    case 'versionBackwards':
      return { ...result, toVersion: versionText(Math.max(0, Number.parseInt(asked, 16) - 1000)) }
    case 'versionUnchanged':
      return { ...result, toVersion: asked }
    default:
      return result
  }
}
