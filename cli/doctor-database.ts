import { systemClock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import { examined, PATIENCE_SECONDS, type Finding } from './doctor-finding.ts'
import { openSession, type Session } from './session.ts'

const MIN_POSTGRES = 150_000
const CLOCK_SKEW_SECONDS = 5
// The embedded server makes its files on its first start.
const EMBEDDED_SECONDS = 90

export function examineDatabase(config: Config): Promise<Finding[]> {
  const seconds = config.databaseUrl === null ? EMBEDDED_SECONDS : PATIENCE_SECONDS
  return examined('database', seconds, async (findings) => {
    const session = await openSession({ migrate: false })
    try {
      findings.push(await examineServer(session))
      findings.push(await examineMigrations(session))
      findings.push(await examineClock(session))
    } finally {
      await session.close()
    }
  })
}

async function examineServer(session: Session): Promise<Finding> {
  const { rows } = await session.pool.query<{ number: string; version: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  )
  const found = `Postgres ${rows[0]?.version} (${session.databaseName})`
  if (Number(rows[0]?.number) >= MIN_POSTGRES) return { check: 'database', status: 'ok', found }
  return { check: 'database', status: 'problem', found, fix: 'Milepost needs Postgres 15 or newer' }
}

async function examineMigrations(session: Session): Promise<Finding> {
  const { pendingMigrations } = await import('../db/migrator.ts')
  const pending = await pendingMigrations(session.pool)
  if (pending.length === 0) return { check: 'migrations', status: 'ok', found: 'up to date' }
  return {
    check: 'migrations',
    status: 'note',
    found: `${pending.length} to apply; the next run does it (or \`npx milepost migrate\`)`,
  }
}

async function examineClock(session: Session): Promise<Finding> {
  const { rows } = await session.pool.query<{ now: Date }>('select clock_timestamp() as now')
  const skew = Math.abs((rows[0]?.now.getTime() ?? 0) - systemClock.now().getTime()) / 1000
  const found = `${skew.toFixed(1)} s between this machine and the database`
  if (skew <= CLOCK_SKEW_SECONDS) return { check: 'clock', status: 'ok', found }
  return {
    check: 'clock',
    status: 'problem',
    found,
    fix: 'synchronise the clocks: Fullbay tokens and windows depend on the date',
  }
}
