import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFleet, type Fleet } from '../../sandbox/geotab/fleet.ts'
import { startGeotabSandbox, type GeotabSandbox } from '../../sandbox/geotab/server.ts'
import { startSftpSandbox, type SftpSandbox } from '../../sandbox/sftp/server.ts'
import { CANARIES, type TestFleet } from './geotab-pipeline.ts'
import { startMilepost, type Running } from './milepost.ts'

/** A folder with a configuration of stand-ins that this process serves, whose time stands still. */
export interface GeotabSite {
  folder: string
  vendor: GeotabSandbox
  sftp: SftpSandbox
  fleet(id: string): Fleet
  /** Starts a command there, on a database. */
  milepost(args: string[], databaseUrl: string): Running
  close(): Promise<void>
}

const USER = 'svc@fleet.example'
const START = '2026-03-02'

/** Configures Geotab databases and an SFTP server of Chevin's as a real site does, secrets in the environment. */
export async function openGeotabSite(
  fleets: TestFleet[],
  options: { now: string; logLevel?: 'silent' | 'debug' },
): Promise<GeotabSite> {
  const now = new Date(options.now)
  const made = new Map(fleets.map(({ id, ...fleet }) => [id, createFleet({ seed: id, startDate: START, ...fleet })]))
  const users = [{ userName: USER, password: CANARIES.geotab }]
  const databases = [...made].map(([name, fleet]) => ({ name, fleet, users }))
  const vendor = await startGeotabSandbox({ databases, now: () => now })
  const sftp = await startSftpSandbox({ user: 'fleet', password: CANARIES.sftp })
  const folder = await mkdtemp(join(tmpdir(), 'milepost-site-'))
  const entries = fleets.map(
    ({ id, prefix = id }) =>
      `    - { id: ${id}, server: '${vendor.url}', database: ${id}, user_name: ${USER}, password: { env: CANARY_GEOTAB }, start_date: ${START}, report_prefix: ${prefix} }`,
  )
  await writeFile(
    join(folder, 'milepost.yaml'),
    `log_level: ${options.logLevel ?? 'silent'}
geotab:
  pacing: 0
  retry: { attempts: 2, base_ms: 1, max_ms: 10 }
  databases:
${entries.join('\n')}
chevin:
  sftp: { host: ${sftp.host}, port: ${sftp.port}, user: fleet, password: { env: CANARY_SFTP }, host_keys: ['${sftp.fingerprint}'] }
`,
  )
  return {
    folder,
    vendor,
    sftp,
    fleet(id) {
      const fleet = made.get(id)
      if (fleet === undefined) throw new RangeError(`no fleet ${id}`)
      return fleet
    },
    milepost: (args, databaseUrl) =>
      startMilepost(args, {
        cwd: folder,
        env: { DATABASE_URL: databaseUrl, CANARY_GEOTAB: CANARIES.geotab, CANARY_SFTP: CANARIES.sftp },
      }),
    async close() {
      await vendor.close()
      await sftp.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
