import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
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
  if (geotab === null || chevin === null) throw new Error('the settings name both')
  const deliver = () => assertMayDeliver({ geotab, chevin })
  if (isRefused) expect(deliver).toThrow(/the server of fleet\d is a stand-in on this machine/)
  else expect(deliver).not.toThrow()
})
