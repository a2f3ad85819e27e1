import type { Fleet } from './fleet.ts'
import type { PastChange } from './memory.ts'
import { RateLimits, VENDOR_LIMITS, type CallLimits } from './rate-limits.ts'
import type { GeotabUser } from './sessions.ts'

/** A database of the stand-in and the users who may open it. */
export interface GeotabDatabase {
  name: string
  fleet: Fleet
  users: readonly GeotabUser[]
  /** Calls per minute: none are counted by default, `vendor` counts as documented. */
  limits?: 'off' | 'vendor' | CallLimits
  /** Told of each change of a device before the call is answered, for a fleet that is to remember it. */
  onDeviceSet?: (change: PastChange) => void
  /** HTTP status of a call that is over its limit, 200 by default. */
  overLimitStatus?: 200 | 429
  /** Host that Authenticate sends its clients to, instead of ThisServer. */
  redirectTo?: string
  /** Rows that one Get may answer with, 50,000 by default. */
  mostRows?: number
  /** Coordinates that one GetAddresses may ask for, 500 by default. */
  mostCoordinates?: number
}

export interface OpenDatabase extends GeotabDatabase {
  rates: RateLimits
}

export function openDatabase(database: GeotabDatabase): OpenDatabase {
  const { limits = 'off', overLimitStatus = 200 } = database
  const counted = limits === 'off' ? null : limits === 'vendor' ? VENDOR_LIMITS : limits
  return { ...database, rates: new RateLimits(counted, overLimitStatus) }
}
