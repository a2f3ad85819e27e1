import { statfs } from 'node:fs/promises'
import type { Command } from 'commander'
import { systemClock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import { messageOf, PipelineError } from '../core/errors.ts'
import { EXIT } from './exit.ts'
import { print, renderJson } from './output.ts'
import { openSession, type Session } from './session.ts'

interface Finding {
  check: string
  status: 'ok' | 'note' | 'problem'
  found: string
  fix?: string
}

const MARKS = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }
const MIN_POSTGRES = 150_000
const LOW_DISK_GB = 2
const CLOCK_SKEW_SECONDS = 5

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check configuration, database, sources and this machine, and say how to mend what is wrong')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExit code 5 when something is wrong.\n\nExamples:\n  $ npx milepost doctor\n  $ npx milepost doctor --json',
    )
    .action(async (options: { json?: boolean }) => {
      const findings = await examine()
      const healthy = findings.every((finding) => finding.status !== 'problem')
      print(options.json === true ? renderJson({ healthy, findings }) : render(findings, healthy))
      if (!healthy) process.exitCode = EXIT.unhealthy
    })
}

async function examine(): Promise<Finding[]> {
  const findings: Finding[] = [{ check: 'node', status: 'ok', found: process.version }]
  const config = await readConfig(findings)
  if (config === null) return findings
  findings.push(await examineDisk(config), ...(await examineDatabase()), ...(await examineFullbay(config)))
  return findings
}

async function readConfig(findings: Finding[]): Promise<Config | null> {
  const { loadConfig } = await import('../core/config.ts')
  try {
    const config = loadConfig(process.cwd())
    findings.push({
      check: 'configuration',
      status: 'ok',
      found: config.path ?? 'no milepost.yaml here or above: defaults',
    })
    return config
  } catch (error) {
    findings.push({ check: 'configuration', status: 'problem', found: messageOf(error), fix: 'mend each line above' })
    return null
  }
}

async function examineDisk(config: Config): Promise<Finding> {
  const folder = await statfs(config.dataDir).catch(() => statfs(process.cwd()))
  const freeGb = (folder.bavail * folder.bsize) / 1024 ** 3
  const found = `${freeGb.toFixed(1)} GB free for ${config.dataDir}`
  if (freeGb >= LOW_DISK_GB) return { check: 'disk', status: 'ok', found }
  return { check: 'disk', status: 'problem', found, fix: 'free some space, or point data_dir at a larger disk' }
}

async function examineDatabase(): Promise<Finding[]> {
  let session: Session | undefined
  try {
    session = await openSession({ migrate: false })
    return [await examineServer(session), await examineMigrations(session), await examineClock(session)]
  } catch (error) {
    return [{ check: 'database', status: 'problem', found: messageOf(error) }]
  } finally {
    await session?.close()
  }
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

async function examineFullbay(config: Config): Promise<Finding[]> {
  const { configuredFullbay } = await import('../queue/fullbay/source.ts')
  const source = configuredFullbay(config, systemClock)
  if (source === null) {
    const found = 'sandbox: no shop is configured, so a built-in stand-in with made-up invoices is read'
    return [
      {
        check: 'fullbay',
        status: 'note',
        found,
        fix: 'to read your own, list your shops in milepost.yaml (docs/configuration.md)',
      },
    ]
  }
  const shops = source.shops.map(({ connection, api }) => `${connection} (key ${api.key.hint()})`).join(', ')
  const findings: Finding[] = [{ check: 'fullbay', status: 'ok', found: `real, from ${source.startDate}: ${shops}` }]
  const api = source.shops[0]?.api
  if (api === undefined) return findings
  findings.push(await examineReach(api.baseUrl), await examineEgress(() => api.egressIp.current(true)))
  return findings
}

// Only whether something answers: no key is sent.
async function examineReach(baseUrl: string): Promise<Finding> {
  try {
    const reply = await fetch(baseUrl, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(10_000) })
    return { check: 'fullbay network', status: 'ok', found: `${new URL(baseUrl).host} answers (HTTP ${reply.status})` }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error)
    const found = `${new URL(baseUrl).host} does not answer: ${cause}`
    return {
      check: 'fullbay network',
      status: 'problem',
      found,
      fix: 'check the network, a proxy, and fullbay.base_url',
    }
  }
}

async function examineEgress(current: () => Promise<string>): Promise<Finding> {
  try {
    return { check: 'fullbay egress address', status: 'ok', found: await current() }
  } catch (error) {
    const found = error instanceof PipelineError ? error.message : messageOf(error)
    return { check: 'fullbay egress address', status: 'problem', found, fix: 'set fullbay.egress_ip' }
  }
}

function render(findings: Finding[], healthy: boolean): string {
  const width = Math.max(...findings.map((finding) => finding.check.length))
  const lines = findings.flatMap(({ check, status, found, fix }) => {
    const line = `${MARKS[status]}  ${check.padEnd(width)}  ${found}`
    return fix === undefined ? [line] : [line, `${' '.repeat(width + 11)}-> ${fix}`]
  })
  return [...lines, '', healthy ? 'Ready.' : 'Not ready: mend what is marked PROBLEM.'].join('\n')
}
