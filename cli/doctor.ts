import { statfs } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Config } from '../core/config.ts'
import { messageOf } from '../core/errors.ts'
import { withoutSecrets } from '../core/secret.ts'
import type { Finding } from './doctor-finding.ts'
import { EXIT } from './exit.ts'
import { print, renderJson } from './output.ts'

const MARKS = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }
const LOW_DISK_GB = 2
const LEAVE_AFTER_MS = 2000

interface Options {
  dryRun?: boolean
  json?: boolean
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check configuration, database, vendors and this machine, and say how to mend what is wrong')
    .option('--dry-run', 'make no trial file on the SFTP server')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Logs in to each Geotab database and to the SFTP server, and looks at clocks, rights, groups and folders. On the SFTP
server it writes, renames and removes a file of a few bytes, under a name that begins with a dot. A server that does not
answer is a problem after at most 15 seconds. Nothing else is changed anywhere, and no secret is shown.
Exit code 5 when something is wrong.

Examples:
  $ npx milepost doctor
  $ npx milepost doctor --dry-run --json`,
    )
    .action(async (options: Options) => {
      const findings = (await examine(options)).map(withoutSecretsIn)
      const healthy = findings.every((finding) => finding.status !== 'problem')
      print(options.json === true ? renderJson({ healthy, findings }) : render(findings, healthy))
      if (!healthy) process.exitCode = EXIT.unhealthy
      // What did not answer in time may still hold a connection, which is not waited for.
      setTimeout(() => process.exit(), LEAVE_AFTER_MS).unref()
    })
}

async function examine(options: Options): Promise<Finding[]> {
  const findings: Finding[] = [{ check: 'node', status: 'ok', found: process.version }]
  const config = await readConfig(findings)
  if (config === null) return findings
  const { examineDatabase } = await import('./doctor-database.ts')
  const { examineFullbay } = await import('./doctor-fullbay.ts')
  const { examineGeotab } = await import('./doctor-geotab.ts')
  const { examineSftp } = await import('./doctor-sftp.ts')
  const { examineVehicleUpdates } = await import('./doctor-vehicles.ts')
  const parts = await Promise.all([
    examineDisk(config),
    examineDatabase(config),
    examineFullbay(config),
    examineGeotab(config),
    examineSftp(config, { trial: options.dryRun !== true }),
  ])
  return [...findings, ...parts.flat(), examineVehicleUpdates(config)]
}

async function readConfig(findings: Finding[]): Promise<Config | null> {
  const { loadConfig } = await import('../core/config.ts')
  try {
    const config = loadConfig(process.cwd())
    const found = config.path ?? 'no milepost.yaml here or above: defaults'
    findings.push({ check: 'configuration', status: 'ok', found })
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

function withoutSecretsIn({ check, status, found, fix }: Finding): Finding {
  return { check, status, found: withoutSecrets(found), ...(fix === undefined ? {} : { fix: withoutSecrets(fix) }) }
}

function render(findings: Finding[], healthy: boolean): string {
  const width = Math.max(...findings.map((finding) => finding.check.length))
  const lines = findings.flatMap(({ check, status, found, fix }) => {
    const line = `${MARKS[status]}  ${check.padEnd(width)}  ${found}`
    return fix === undefined ? [line] : [line, `${' '.repeat(width + 11)}-> ${fix}`]
  })
  return [...lines, '', healthy ? 'Ready.' : 'Not ready: mend what is marked PROBLEM.'].join('\n')
}
