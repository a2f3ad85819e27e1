import { execFile } from 'node:child_process'
import http from 'node:http'
import https from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { idOf, type Row } from '../../../sandbox/geotab/wire.ts'
import { aSandbox, USER, ZERO, type Client } from './geotab-client.ts'

interface GeotabApi {
  authenticate(): Promise<{ path: string; credentials: Row }>
  call(method: string, parameters: Row): Promise<unknown>
  multiCall(calls: [string, Row][]): Promise<unknown>
}
type GeotabApiClass = new (authentication: Row, options?: Row) => GeotabApi

const require = createRequire(import.meta.url)

/** The official client of Node, whose calls over HTTPS go to a stand-in for as long as the test lasts. */
function officialNodeClient(client: Client, password = USER.password): GeotabApi {
  const GeotabApi = require('mg-api-js') as GeotabApiClass
  const original = https.request
  // The client knows no port and no other scheme than https.
  const rerouted = (options: http.RequestOptions, done: (reply: http.IncomingMessage) => void) =>
    http.request({ ...options, hostname: '127.0.0.1', port: client.port }, done)
  Object.assign(https, { request: rerouted })
  onTestFinished(() => void Object.assign(https, { request: original }))
  const credentials = { database: 'db', userName: USER.userName, password }
  return new GeotabApi({ credentials, path: 'my.sandbox.example' }, { rememberMe: false })
}

describe('mg-api-js', () => {
  test('logs in, reads, follows a feed, makes multi-calls and writes', async () => {
    await using client = await aSandbox()
    const api = officialNodeClient(client)
    expect(await api.authenticate()).toMatchObject({ path: 'ThisServer', credentials: { database: 'db' } })
    const devices = (await api.call('Get', { typeName: 'Device' })) as Row[]
    expect(devices.length).toBe(7)
    const page = await api.call('GetFeed', { typeName: 'LogRecord', fromVersion: ZERO, resultsLimit: 100 })
    expect(page).toMatchObject({ data: { length: 100 }, toVersion: expect.stringMatching(/^[0-9a-f]{16}$/) })
    const zone: [string, Row] = ['Get', { typeName: 'Zone', search: { id: 'b3E8' } }]
    expect(await api.multiCall([['GetCountOf', { typeName: 'Device' }], zone])).toEqual([
      7,
      [expect.objectContaining({ id: 'b3E8' })],
    ])
    await api.call('Set', { typeName: 'Device', entity: { id: 'b1', name: 'Renamed by Node' } })
    const [renamed] = await client.get('Device', { id: 'b1' })
    expect([idOf(renamed), renamed?.['name']]).toEqual(['b1', 'Renamed by Node'])
  })

  test('reads the type of an error, and logs in again when its session has ended', async () => {
    await using client = await aSandbox()
    const api = officialNodeClient(client)
    await expect(api.call('Foobar', {})).rejects.toThrow(
      "MissingMethodException: The method 'Foobar' could not be found.",
    )
    await expect(api.call('Get', { typeName: 'Driver' })).rejects.toThrow(/^InvalidCastException/)
    client.expireSessions()
    expect(await api.call('Get', { typeName: 'Group', search: { id: 'b2867' } })).toMatchObject([
      { name: 'Departments' },
    ])
    await expect(officialNodeClient(client, 'wrong').authenticate()).rejects.toThrow(
      'InvalidUserException: Incorrect login credentials',
    )
  })
})

const PYTHON = process.env['MYGEOTAB_PYTHON'] ?? ''

describe('mygeotab for Python', () => {
  test('logs in, reads, follows a feed, makes multi-calls, writes and reads errors', async (context) => {
    if (PYTHON === '')
      context.skip('skipped: needs mygeotab (Python); MYGEOTAB_PYTHON names an interpreter that has it')
    await using client = await aSandbox()
    const script = join(import.meta.dirname, 'official_client.py')
    const run = promisify(execFile)
    const { stdout } = await run(PYTHON, [script, `${client.url}/apiv1`, 'db', USER.userName, USER.password])
    const trips = await client.get('Trip', { deviceSearch: { id: 'b1' }, fromDate: '2026-03-11T00:00:00Z' })
    expect(JSON.parse(stdout)).toEqual({
      database: 'db',
      session: true,
      devices: ['b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'],
      oneDevice: 'Unit 101 Ford Transit',
      sorted: ['Birch Apartments', 'Birch Metering Site'],
      trips: trips.length,
      tripStart: expect.stringMatching(/^2026-03-1\dT.*\+00:00$/),
      feed: [0, 100, true],
      multi: [7, '11.0.1234'],
      set: null,
      renamed: 'Renamed by Python',
      errors: [
        'MissingMethodException',
        'InvalidCastException',
        'ArgumentException',
        'ArgumentException',
        'AuthenticationException',
      ],
    })
  })
})
