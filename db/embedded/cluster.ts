import { randomBytes } from 'node:crypto'
import { appendFile, chmod, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PipelineError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import type { Binaries } from './binaries.ts'
import { asIdentity, giveTo, type Identity } from './identity.ts'
import { runProgram } from './program.ts'
import { serverSettings, type ServerSettings } from './settings.ts'

/** The one role of an embedded server, a superuser. */
export const SUPERUSER = 'milepost'

const PASSWORD_FILE = 'milepost.password'
const SETTINGS_FILE = 'milepost.conf'
const LOG_FILES_MAX = 30
const LOG_BYTES_MAX = 50 * 1024 * 1024

/** The folder of the server's files inside its data folder. */
export function clusterIn(dataDir: string): string {
  return join(dataDir, 'cluster')
}

export function logFolderIn(dataDir: string): string {
  return join(clusterIn(dataDir), 'log')
}

/**
 * Makes sure that `dataDir` holds a whole cluster of the right version. A new one is made in a folder beside and
 * renamed when complete, so that a half-made one is never taken for whole; what killed attempts left is removed.
 * Call it under the launcher's lock.
 */
export async function prepareCluster(
  dataDir: string,
  binaries: Binaries,
  identity: Identity,
  durable: boolean,
): Promise<void> {
  for (const name of await readdir(dataDir)) {
    // Its initdb may have outlived the command that was killed, and writes for another moment.
    if (name.startsWith('making-')) await rm(join(dataDir, name), { recursive: true, maxRetries: 10, retryDelay: 100 })
  }
  const cluster = clusterIn(dataDir)
  if (existsSync(cluster)) {
    if ((await readdir(cluster)).length > 0) return checkCluster(cluster, binaries.major)
    await rmdir(cluster)
  }
  await createCluster(dataDir, binaries, identity, durable)
}

async function checkCluster(cluster: string, major: number): Promise<void> {
  const version = join(cluster, 'PG_VERSION')
  if (!existsSync(version) || !existsSync(join(cluster, 'global', 'pg_control'))) {
    throw new PipelineError(
      'EMBEDDED_DAMAGED',
      `${cluster} is not a whole Postgres cluster: PG_VERSION or global/pg_control is missing. ` +
        'Restore it from a backup, or move the folder away to begin with an empty database.',
      'never',
    )
  }
  const found = (await readFile(version, 'utf8')).trim()
  if (found === String(major)) return
  throw new PipelineError(
    'EMBEDDED_VERSION',
    `${cluster} was made by Postgres ${found}, and the installed one is ${major}. Dump it with the version of ` +
      'Milepost that made it and restore the dump, or move the folder away to begin with an empty database.',
    'never',
  )
}

async function createCluster(dataDir: string, binaries: Binaries, identity: Identity, durable: boolean): Promise<void> {
  const draft = join(dataDir, `making-${randomBytes(6).toString('hex')}`)
  const folder = join(draft, 'cluster')
  const password = join(draft, 'password')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(password, randomBytes(32).toString('base64url'), { mode: 0o600 })
  await giveTo(identity, draft)
  const options = [
    `--pgdata=${folder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]
  const { code, output } = await runProgram(asIdentity(identity, binaries.initdb, options))
  if (code !== 0) {
    throw new PipelineError(
      'EMBEDDED_INITDB',
      `The embedded database could not be created in ${dataDir}${runningAs(identity)}: ${output.trim()}`,
      'never',
    )
  }
  await rename(password, join(folder, PASSWORD_FILE))
  await appendFile(join(folder, 'postgresql.conf'), `\ninclude '${SETTINGS_FILE}'\n`)
  await rename(folder, clusterIn(dataDir))
  await rm(draft, { recursive: true })
}

/** For messages: an account of its own may lack access to the folders above. */
export function runningAs(identity: Identity): string {
  return identity.kind === 'account' ? ` (as user id ${identity.uid}, who needs access to the folder)` : ''
}

/** The superuser's password; every secret of the process is kept out of its messages. */
export async function readPassword(dataDir: string): Promise<string> {
  const file = join(clusterIn(dataDir), PASSWORD_FILE)
  if (!existsSync(file)) {
    throw new PipelineError(
      'EMBEDDED_DAMAGED',
      `${file} is missing, so nobody can log in to the embedded database. Restore that file from a backup.`,
      'never',
    )
  }
  const password = (await readFile(file, 'utf8')).trim()
  void new Secret(password)
  return password
}

export async function writeSettings(dataDir: string, identity: Identity, settings: ServerSettings): Promise<void> {
  const file = join(clusterIn(dataDir), SETTINGS_FILE)
  await writeFile(file, serverSettings(settings), { mode: 0o600 })
  await chmod(file, 0o600)
  await giveTo(identity, file)
}

/** Keeps the newest of the server's log files, up to 30 files and 50 MiB. */
export async function pruneLogs(dataDir: string): Promise<void> {
  const folder = logFolderIn(dataDir)
  if (!existsSync(folder)) return
  const names = (await readdir(folder)).sort().reverse()
  let bytes = 0
  for (const [index, name] of names.entries()) {
    const path = join(folder, name)
    bytes += (await stat(path)).size
    if (index > 0 && (index >= LOG_FILES_MAX || bytes > LOG_BYTES_MAX)) await rm(path, { force: true })
  }
}
