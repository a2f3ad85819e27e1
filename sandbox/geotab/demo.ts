import { daysBefore } from './calendar.ts'
import type { GeotabDatabase } from './database.ts'
import { USUAL } from './disorder.ts'
import { createFleet } from './fleet.ts'

/** The database of a first run, with what a client needs to read it. */
export interface DemoGeotab {
  databases: readonly GeotabDatabase[]
  database: string
  userName: string
  password: string
  /** First day of the fleet's life, YYYY-MM-DD. */
  startDate: string
  now: () => Date
}

const DATABASE = 'demo'
const USER_NAME = 'milepost@fleet.example'
const PASSWORD = 'sandbox-geotab-password'
const VEHICLES = 30
const ZONE = 'America/New_York'
const DAY_MS = 86_400_000
const DAYS = 7
// Fleets begin on Mondays, counted from this one: all runs within a week tell of the same fleet.
const MONDAY_MS = Date.UTC(2024, 0, 1)

/**
 * A fleet of thirty vehicles around Washington DC that began to live a whole number of weeks ago, one to two of them, so
 * that a run an hour later sees the same history go on; `since` keeps the beginning of an earlier run. Pass the result to `startGeotabSandbox`.
 */
export function demoGeotab(now: () => Date = () => new Date(), since?: string): DemoGeotab {
  const week = Math.floor((now().getTime() - DAYS * DAY_MS - MONDAY_MS) / (DAYS * DAY_MS))
  const startDate = since ?? daysBefore(new Date(MONDAY_MS + week * DAYS * DAY_MS + DAY_MS / 2), 0, ZONE)
  const fleet = createFleet({ seed: 'demo', vehicles: VEHICLES, startDate, zone: ZONE, disorder: USUAL })
  return {
    databases: [{ name: DATABASE, fleet, users: [{ userName: USER_NAME, password: PASSWORD }] }],
    database: DATABASE,
    userName: USER_NAME,
    password: PASSWORD,
    startDate,
    now,
  }
}
