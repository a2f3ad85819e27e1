import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aFleet, aSandbox } from './geotab-client.ts'

const METHODS = [
  'Get',
  'GetFeed',
  'GetCountOf',
  'Set',
  'Add',
  'Remove',
  'GetAddresses',
  'GetCoordinates',
  'ExtendSession',
]
const TYPES = [
  'Device',
  'Trip',
  'LogRecord',
  'StatusData',
  'ExceptionEvent',
  'DeviceStatusInfo',
  'User',
  'Zone',
  'Group',
  '',
]
const NAMES = [
  'id',
  'name',
  'groups',
  'deviceSearch',
  'diagnosticSearch',
  'userSearch',
  'fromDate',
  'toDate',
  'isDriver',
  'points',
  'activeTo',
  'serialNumber',
  'sortBy',
  'sortDirection',
  'offset',
  'lastId',
  'fields',
  'isIncluded',
  'keyId',
]
const value = fc.oneof(
  fc.constantFrom('b1', 'b2701', '2026-03-10T00:00:00Z', 'id', 'date', 'version', null, true, 0, -1, ''),
  fc.jsonValue({ maxDepth: 2 }),
)
const object = fc.oneof(
  fc.dictionary(fc.constantFrom(...NAMES), fc.oneof(value, fc.dictionary(fc.constantFrom(...NAMES), value))),
  value,
)
const parameters = fc.record(
  {
    typeName: fc.oneof(fc.constantFrom(...TYPES), value),
    search: object,
    entity: object,
    sort: object,
    propertySelector: object,
    fromVersion: value,
    resultsLimit: fc.oneof(fc.constantFrom(1, 5), value),
    coordinates: fc.oneof(fc.array(object), value),
    addresses: fc.oneof(fc.array(value), value),
    calls: fc.oneof(fc.array(value), value),
  },
  { requiredKeys: [] },
)

test('whatever is asked, the answer is a result or an error of the API', async () => {
  await using client = await aSandbox({ fleet: aFleet({ vehicles: 2, startDate: '2026-03-12' }) })
  const method = fc.constantFrom(...METHODS, 'ExecuteMultiCall')
  await fc.assert(
    fc.asyncProperty(method, parameters, async (name, given) => {
      const body = JSON.stringify({ method: name, params: { ...given, credentials: client.credentials } })
      const reply = await client.post(body)
      expect(await reply.json()).toSatisfy((told: object) => 'result' in told !== 'error' in told)
      expect(reply.status).toBe(200)
    }),
    { numRuns: 300 },
  )
})
