import { ApiError, argumentError } from './api-error.ts'
import type { Row } from './wire.ts'

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A part of the parameters that has to be an object, or is not there. */
export function rowAt(parameters: Row, name: string): Row | undefined {
  const value = parameters[name]
  if (value === undefined || value === null) return undefined
  if (!isRow(value)) throw new ApiError('JsonSerializerException', `Cannot deserialize ${name}: expected an object.`)
  return value
}

export function textAt(parameters: Row, name: string): string | undefined {
  const value = parameters[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') {
    throw new ApiError('JsonSerializerException', `Cannot deserialize ${name}: expected a string.`)
  }
  return value
}

export function limitAt(parameters: Row): number | undefined {
  const value = parameters['resultsLimit']
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new ApiError('JsonSerializerException', 'Cannot deserialize resultsLimit: expected an integer.')
  }
  if (value < 0) throw argumentError(`resultsLimit ${value} is negative.`)
  return value === 0 ? undefined : value
}

const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?)?$/

/** Milliseconds of a date of a search; a date that is not ISO 8601 is refused. */
export function dateAt(search: Row, name: string): number | undefined {
  const value = search[name]
  if (value === undefined || value === null) return undefined
  const text = typeof value === 'string' && ISO.test(value) ? value : ''
  const zoned = text.includes('T') && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text
  const ms = Date.parse(zoned.replace(/(\.\d{3})\d+/, '$1'))
  if (Number.isNaN(ms)) {
    throw new ApiError(
      'JsonSerializerException',
      `Cannot deserialize ${name}: ${JSON.stringify(value)} is no ISO 8601 date.`,
    )
  }
  return ms
}
