import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startMilepost } from '../support/milepost.ts'
import { readRunResults } from './run-results.ts'

export interface Build {
  projectDir: string
  databaseUrl: string
  /** The target's schema. */
  schema: string
  vars: Record<string, unknown>
  isFullRefresh: boolean
  /** A folder of this side's own, for what the build writes. */
  workDir: string
}

/** Builds a project and returns its results. Rejects when there are none, with what the builder said. */
export type Builder = (build: Build) => Promise<string[]>

/** Milepost's own builder. */
export const buildByMilepost: Builder = async (build) => {
  const targetPath = freshTarget(build)
  const { out, err } = await startMilepost(
    [
      'build',
      '--project-dir',
      build.projectDir,
      '--schema',
      build.schema,
      '--target-path',
      targetPath,
      ...flags(build),
    ],
    { cwd: build.workDir, env: { DATABASE_URL: build.databaseUrl } },
  ).ended
  return resultsOf(targetPath, 'milepost', out + err)
}

/** A builder that runs dbt; `dbt` is the path of its command. */
export function buildByDbt(dbt: string): Builder {
  return async (build) => {
    const targetPath = freshTarget(build)
    writeProfile(build)
    const paths = ['--target-path', targetPath, '--log-path', join(build.workDir, 'logs')]
    const child = spawn(
      dbt,
      [
        '--no-use-colors',
        'build',
        '--project-dir',
        build.projectDir,
        '--profiles-dir',
        build.workDir,
        '--profile',
        'differential',
        ...paths,
        ...flags(build),
      ],
      { cwd: build.workDir, stdio: 'pipe', env: { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' } },
    )
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await once(child, 'close')
    return resultsOf(targetPath, 'dbt', said)
  }
}

/** What the name of a test ends with that has no dbt to compare with. */
export const WITHOUT_DBT = '(skipped: needs dbt (dbt-core 1.9 with dbt-postgres))'

/** How long a test may take that builds a project six times. */
export const SIX_BUILDS_MS = 600_000

/**
 * The dbt to compare with: the one that `DBT` names, which must be fit (1.9, with Postgres), or a fit one on the PATH.
 * Null where there is none.
 */
export function findDbt(): string | null {
  const { DBT: named } = process.env
  const isFit = fits(named ?? 'dbt')
  if (!isFit && named !== undefined) throw new Error(`DBT=${named} is not dbt-core 1.9 with dbt-postgres`)
  return isFit ? (named ?? 'dbt') : null
}

function fits(dbt: string): boolean {
  const { error, stdout } = spawnSync(dbt, ['--version', '--no-use-colors'], { encoding: 'utf8' })
  return error === undefined && /installed: 1\.9\./.test(stdout) && /postgres: 1\./.test(stdout)
}

function flags(build: Build): string[] {
  return ['--vars', JSON.stringify(build.vars), ...(build.isFullRefresh ? ['--full-refresh'] : [])]
}

function freshTarget(build: Build): string {
  const targetPath = join(build.workDir, 'target')
  mkdirSync(targetPath, { recursive: true })
  rmSync(join(targetPath, 'run_results.json'), { force: true })
  return targetPath
}

function resultsOf(targetPath: string, builder: string, said: string): string[] {
  const results = readRunResults(targetPath)
  if (results === null) throw new Error(`${builder} built nothing:\n${said.trim().split('\n').slice(-40).join('\n')}`)
  return results
}

function writeProfile(build: Build): void {
  const url = new URL(build.databaseUrl)
  const output = {
    type: 'postgres',
    host: url.hostname,
    port: Number(url.port === '' ? 5432 : url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    dbname: decodeURIComponent(url.pathname.slice(1)),
    schema: build.schema,
    threads: 2,
  }
  // JSON is YAML, and quotes what a password may contain.
  writeFileSync(
    join(build.workDir, 'profiles.yml'),
    JSON.stringify({ differential: { target: 'default', outputs: { default: output } } }),
  )
}
