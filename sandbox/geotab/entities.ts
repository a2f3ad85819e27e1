import { ApiError, argumentError } from './api-error.ts'

const FEEDS: Readonly<Record<string, number>> = {
  Device: 5000,
  User: 5000,
  Zone: 10_000,
  Rule: 10_000,
  Diagnostic: 50_000,
  Trip: 50_000,
  ExceptionEvent: 50_000,
  FaultData: 50_000,
  LogRecord: 50_000,
  StatusData: 50_000,
  DeviceStatusInfo: 50_000,
  DriverChange: 50_000,
}
const GET_ONLY = ['Group', 'Controller', 'FailureMode', 'UnitOfMeasure', 'Source', 'ZoneType']

/** The name of an entity that the stand-in has, as it is written. Throws what the API says of any other. */
export function checkTypeName(typeName: unknown): string {
  if (typeof typeName !== 'string' || typeName === '') throw argumentError('typeName is missing.')
  if (typeName === 'Driver') {
    throw new ApiError('InvalidCastException', "Unable to cast an object of type 'UserSearch' to type 'DriverSearch'.")
  }
  if (!Object.hasOwn(FEEDS, typeName) && !GET_ONLY.includes(typeName)) {
    throw argumentError(`The type ${typeName} is not known.`)
  }
  return typeName
}

/** The most rows of a page of an entity's feed. Throws when it has none. */
export function feedMaximum(typeName: string): number {
  const most = FEEDS[typeName]
  if (most === undefined) throw argumentError(`GetFeed is not supported for ${typeName}.`)
  return most
}
