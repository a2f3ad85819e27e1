// A command that takes the vehicle file and carries it out, for tests that kill it in the middle.
import { randomUUID } from 'node:crypto'
import { systemClock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import type { SftpServer } from '../../core/sftp/settings.ts'
import { createKysely } from '../../db/kysely.ts'
import { createPool } from '../../db/pool.ts'
import { requireVehicleSettings } from '../../queue/chevin/vehicle-settings.ts'
import { applySync } from '../../queue/chevin/vehicle-sync.ts'
import { tellParent } from './parent.ts'
import { syncContext } from './vehicle-sync.ts'

const [, , url = '', connection = '', geotabUrl = '', sftp = '', password = ''] = process.argv
const server: SftpServer = { ...(JSON.parse(sftp) as SftpServer), password: new Secret(password) }
const pool = createPool(url)
const context = syncContext(
  { pool, db: createKysely(pool) },
  { connection, geotabUrl, sftp: server, clock: systemClock, updates: { max_devices: 10_000, max_percent: 100 } },
)
await tellParent({ ready: true })
const { signal } = new AbortController()
const output = await applySync(context, requireVehicleSettings(context), { runId: randomUUID(), signal, fleet: 'now' })
await tellParent({ output })
await pool.end()
process.disconnect?.()
