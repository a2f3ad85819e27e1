import { addressesOf, coordinatesOf } from './addresses.ts'
import { ApiError, argumentError } from './api-error.ts'
import type { OpenDatabase } from './database.ts'
import { checkTypeName } from './entities.ts'
import { getFeed } from './feed.ts'
import { getRows } from './get.ts'
import type { GeotabUser } from './sessions.ts'
import type { Row } from './wire.ts'
import { addEntity, entityOf, removeEntity, setEntity } from './write.ts'

const MOST_ROWS = 50_000
const MOST_COORDINATES = 500
const VERSION = '11.0.1234'

/** Who calls, where, and when. */
export interface Caller {
  database: OpenDatabase
  user: GeotabUser
  nowMs: number
}

/** Answers a method that needs no database; undefined when the method is another. */
export function answerOpen(method: string, nowMs: number): unknown {
  switch (method) {
    case 'GetVersion':
      return VERSION
    case 'GetVersionInformation':
      return {
        application: { build: '1234', branch: '11.0', commit: '0000000' },
        baseDate: '2026-01-01T00:00:00.000Z',
        isUnderMaintenance: false,
        serverVersion: VERSION,
      }
    case 'GetSystemTimeUtc':
      return new Date(nowMs).toISOString()
    default:
      return undefined
  }
}

/** Answers a method of a database. Throws ApiError. */
export function answerMethod(method: string, parameters: Row, { database, user, nowMs }: Caller): unknown {
  const { fleet, onDeviceSet, mostRows = MOST_ROWS, mostCoordinates = MOST_COORDINATES } = database
  const typeName = () => checkTypeName(parameters['typeName'])
  const write = () => ({ fleet, user, nowMs, entity: entityOf(parameters) })
  switch (method) {
    case 'Get':
      return getRows(fleet, typeName(), parameters, mostRows)
    case 'GetFeed':
      return getFeed(fleet, typeName(), parameters)
    case 'GetCountOf':
      return getRows(fleet, typeName(), { search: parameters['search'] }, Infinity).length
    case 'Set':
      return setEntity(typeName(), write(), onDeviceSet)
    case 'Add':
      return addEntity(typeName(), write())
    case 'Remove':
      return removeEntity(typeName(), write())
    case 'GetAddresses':
      return addressesOf(fleet, parameters, mostCoordinates)
    case 'GetCoordinates':
      return coordinatesOf(parameters)
    case 'GetTimeZones':
      return ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles', 'Etc/UTC'].map((id) => ({
        id,
      }))
    case 'ExecuteMultiCall':
      throw argumentError('A multi-call cannot be part of another.')
    default:
      throw missingMethod(method)
  }
}

export const missingMethod = (method: string) =>
  new ApiError('MissingMethodException', `The method '${method}' could not be found.`)
