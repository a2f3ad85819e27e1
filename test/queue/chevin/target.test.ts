import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import type { PipelineContext } from '../../../queue/context.ts'
import { chevinReports } from '../../../queue/chevin/reports-stage.ts'
import { assertMayDeliver, configuredChevin } from '../../../queue/chevin/target.ts'
import { configuredGeotab } from '../../../queue/geotab/source.ts'
import { aConfig } from '../../support/a-config.ts'

const REAL = 'my.geotab.com'
const STAND_IN = 'http://127.0.0.1:4181'

test.for([
  { servers: [REAL], host: 'sftp.chevin.example', isRefused: false },
  { servers: [REAL], host: '127.0.0.1', isRefused: false },
  { servers: [STAND_IN], host: '127.0.0.1', isRefused: false },
  { servers: [STAND_IN], host: 'localhost', isRefused: false },
  { servers: [STAND_IN], host: 'sftp.chevin.example', isRefused: true },
  { servers: [REAL, STAND_IN], host: 'sftp.chevin.example', isRefused: true },
])('fleets of $servers, delivered to $host: refused is $isRefused', ({ servers, host, isRefused }) => {
  const config = aConfig(
    {
      geotab: {
        databases: servers.map((server, nth) => ({
          id: `fleet${nth}`,
          server,
          database: `d${nth}`,
          report_prefix: `fleet${nth}`,
          user_name: 'u',
          password: { env: 'SECRET' },
        })),
      },
      chevin: { sftp: { host, user: 'u', password: { env: 'SECRET' }, host_keys: [`SHA256:${'A'.repeat(43)}`] } },
    },
    { SECRET: 'secret-of-a-test' },
  )
  // Of the pool nothing is asked before the first call.
  const geotab = configuredGeotab(config, {} as Pool, systemClock)
  const chevin = configuredChevin(config)
  const deliver = () => assertMayDeliver({ geotab, chevin })
  if (isRefused) expect(deliver).toThrow(/the server of fleet\d is a stand-in on this machine/)
  else expect(deliver).not.toThrow()
})

const CHEVIN = {
  sftp: { host: '127.0.0.1', user: 'u', password: { env: 'SECRET' }, host_keys: [`SHA256:${'A'.repeat(43)}`] },
}
const FLEET = { databases: [{ id: 'fleet', database: 'd', user_name: 'u', password: { env: 'SECRET' } }] }

test.for([
  { name: 'a fleet and a server', settings: { geotab: FLEET, chevin: CHEVIN }, connections: ['fleet'] },
  { name: 'a fleet alone', settings: { geotab: FLEET }, connections: [] },
  { name: 'a server alone', settings: { chevin: CHEVIN }, connections: [] },
])('with $name reports are planned for $connections', ({ settings, connections }) => {
  expect(chevinReports.connections(contextOf(settings)).map(({ connection }) => connection)).toEqual(connections)
})

test.for([
  { name: 'a server', settings: { geotab: FLEET }, code: 'CHEVIN_NOT_CONFIGURED' },
  { name: 'the fleet', settings: { chevin: CHEVIN }, code: 'CONNECTION_UNKNOWN' },
])('a worker without $name touches nothing of a run that delivers: $code', async ({ settings, code }) => {
  const step = { runId: 'r', step: 'deliver chevin.reports fleet', connection: 'fleet' }
  const run = chevinReports.run(contextOf(settings), step, new AbortController().signal)
  await expect(run).rejects.toMatchObject({ code })
})

/** What a process of these settings works with, without a database: nothing here may ask for one. */
function contextOf(settings: object): PipelineContext {
  const config = aConfig(settings, { SECRET: 'secret-of-a-test' })
  const geotab = configuredGeotab(config, {} as Pool, systemClock)
  return { config, geotab, chevin: configuredChevin(config) } as PipelineContext
}
