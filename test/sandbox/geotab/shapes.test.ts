import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { WILD } from '../../../sandbox/geotab/disorder.ts'
import { isRow } from '../../../sandbox/geotab/parameters.ts'
import type { Row } from '../../../sandbox/geotab/wire.ts'
import { aFleet, aSandbox, USER, ZERO, type Client } from './geotab-client.ts'

const FIXTURES = new URL('../../fixtures/geotab/', import.meta.url)
const fixture = (name: string): unknown => JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8'))
const samples = readdirSync(FIXTURES).filter((name) => name.endsWith('.sample.json'))

/** Settings that the sample devices and users have and nobody reads. */
const LEFT_OUT = [
  'accelerationWarningThreshold',
  'brakingWarningThreshold',
  'corneringWarningThreshold',
  'minAccidentSpeed',
  'maxSecondsBetweenLogs',
  'isActiveTrackingEnabled',
  'isContinuousConnectEnabled',
  'fuelEconomyUnit',
  'dateFormat',
  'defaultPage',
]

/** The kind of a value: what a reader has to be ready for. */
function kindOf(value: unknown): string {
  if (typeof value !== 'string') return Array.isArray(value) ? 'array' : isRow(value) ? 'object' : typeof value
  if (/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/.test(value)) return 'date'
  if (/^-?(\d+\.)?\d\d:\d\d:\d\d(\.\d{7})?$/.test(value)) return 'time span'
  return /^[0-9a-f]{16}$/.test(value) ? 'version' : 'string'
}

/** The kinds that each property of some rows comes in. */
function kindsOf(rows: readonly Row[]): Map<string, Set<string>> {
  const kinds = new Map<string, Set<string>>()
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const known = kinds.get(name) ?? new Set()
      kinds.set(name, known.add(kindOf(value)))
    }
  }
  return kinds
}

test.for(samples)('%s: every property is served, in the same kind', async (name) => {
  const typeName = name.split('.')[0] ?? ''
  await using client = await aSandbox({ fleet: aFleet({ vehicles: 9, disorder: WILD }) })
  const served = kindsOf(await client.get(typeName))
  for (const [property, kinds] of kindsOf(fixture(name) as Row[])) {
    if (LEFT_OUT.includes(property)) continue
    for (const kind of kinds)
      expect({ property, kinds: [...(served.get(property) ?? [])] }).toEqual({
        property,
        kinds: expect.arrayContaining([kind]),
      })
  }
})

describe('well-known entities come as objects and as bare texts', () => {
  test.for([
    { typeName: 'Trip', property: 'driver', text: 'UnknownDriverId' },
    { typeName: 'DriverChange', property: 'driver', text: 'UnknownDriverId' },
    { typeName: 'FaultData', property: 'controller', text: 'ControllerNoneId' },
    { typeName: 'FaultData', property: 'failureMode', text: 'NoFailureModeId' },
    { typeName: 'ExceptionEvent', property: 'diagnostic', text: 'NoDiagnosticId' },
    { typeName: 'Diagnostic', property: 'source', text: 'SourceObdId' },
  ])('$typeName.$property', async ({ typeName, property, text }) => {
    await using client = await aSandbox({ fleet: aFleet({ vehicles: 20, startDate: '2026-03-02', disorder: WILD }) })
    const values = (await client.get(typeName)).map((row) => row[property])
    expect(values).toContain(text)
    expect(values).toContainEqual(expect.objectContaining({ id: expect.any(String) }))
  })
})

test('durations have days and fractions where they need them', async () => {
  await using client = await aSandbox({ fleet: aFleet({ vehicles: 9, startDate: '2026-03-04' }) })
  const trips = await client.get('Trip')
  expect(trips.some(({ stopDuration }) => /^\d+\.\d\d:/.test(String(stopDuration)))).toBe(true)
  expect(trips.some(({ drivingDuration }) => /\.\d{7}$/.test(String(drivingDuration)))).toBe(true)
  expect(trips.some((trip) => 'odometer' in trip) && trips.some((trip) => !('odometer' in trip))).toBe(true)
})

describe('what is answered has the shape of the recorded envelopes', () => {
  const answered = async (client: Client, method: string, params: Row) =>
    (await client.post(JSON.stringify({ method, params: { credentials: client.credentials, ...params } }))).json()

  test.for([
    { name: 'authenticate.ok', method: 'Authenticate', params: { database: 'db', ...USER } },
    {
      name: 'error.invalid_user',
      method: 'Authenticate',
      params: { database: 'db', userName: USER.userName, password: '' },
    },
    { name: 'error.missing_method', method: 'Foobar', params: {} },
    { name: 'error.overlimit_results', method: 'Get', params: { typeName: 'Trip', resultsLimit: 50_001 } },
    { name: 'getfeed.empty', method: 'GetFeed', params: { typeName: 'Trip' } },
  ])('$name', async ({ name, method, params }) => {
    await using client = await aSandbox()
    const told = await answered(client, method, params)
    const recorded = fixture(`rpc/${name}.json`)
    expect(shapeOf(told)).toEqual(shapeOf(recorded))
    const message = (envelope: unknown) => (envelope as { error?: { message: string } }).error?.message
    expect(message(told)).toBe(message(recorded))
  })

  test.for([
    { name: 'error.db_unavailable', fault: { fault: 'dbUnavailable' as const } },
    { name: 'error.overlimit_calls', fault: { fault: 'overLimit' as const } },
  ])('$name', async ({ name, fault }) => {
    await using client = await aSandbox()
    client.faults.set(fault)
    const told = await answered(client, 'GetFeed', { typeName: 'Trip', fromVersion: ZERO })
    expect(shapeOf(told)).toEqual(shapeOf(fixture(`rpc/${name}.json`)))
  })
})

/** The same value with its kinds in place of what they say. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (!isRow(value)) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shapeOf(each)]))
}
