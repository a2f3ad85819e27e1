import { chown, lstat, readdir, readFile, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PipelineError } from '../../core/errors.ts'
import { runProgram, type Program } from './program.ts'

/**
 * Who the server's programs run as. They refuse to run as root, so root runs them under another uid: inside a user
 * namespace, where that uid stands for root's own files outside, or as an ordinary account that owns the cluster.
 */
export type Identity = { kind: 'self' } | { kind: 'namespace' } | { kind: 'account'; uid: number; gid: number }

/** The ways root has to run the server, best first. */
export type RootWay = 'namespace' | 'account'

const UNSHARE = ['unshare', '-U', '--map-user=1', '--map-group=1']
const ACCOUNTS = ['postgres', '_postgres', 'nobody', 'daemon']

/** A program and its arguments as the identity runs them. */
export function asIdentity(identity: Identity, file: string, args: string[]): Program {
  if (identity.kind === 'namespace') return { file: UNSHARE[0] ?? '', args: [...UNSHARE.slice(1), file, ...args] }
  if (identity.kind === 'account') return { file, args, uid: identity.uid, gid: identity.gid }
  return { file, args }
}

/** Throws EMBEDDED_OWNER when the cluster belongs to another user, whose files this one cannot even read. */
export async function checkOwner(cluster: string): Promise<void> {
  const us = process.getuid?.()
  if (us === undefined || us === 0 || !existsSync(cluster)) return
  const { uid } = await stat(cluster)
  if (uid === us) return
  throw new PipelineError(
    'EMBEDDED_OWNER',
    `The embedded database in ${cluster} belongs to user id ${uid}, and this command runs as user id ${us}. ` +
      'Run it as that user, choose another data folder, or set DATABASE_URL.',
    'never',
  )
}

/**
 * Chooses how to run the server of `cluster`, a folder in `dataDir` that may not exist yet. A way counts when by it
 * `postgres` answers to `--version` and reaches the folder.
 * Throws EMBEDDED_ROOT when root has no way.
 */
export async function chooseIdentity(
  dataDir: string,
  cluster: string,
  postgres: string,
  ways: RootWay[] = ['namespace', 'account'],
): Promise<Identity> {
  const us = process.getuid?.()
  if (us === undefined) return { kind: 'self' }
  if (us !== 0) return { kind: 'self' }
  const owner = existsSync(cluster) ? await stat(cluster) : null
  if (owner !== null && owner.uid !== 0) {
    const identity: Identity = { kind: 'account', uid: owner.uid, gid: owner.gid }
    if (await works(identity, postgres, cluster)) return identity
    throw noWay(`user id ${owner.uid}, who owns ${cluster}, cannot reach it or cannot run ${postgres}`)
  }
  const namespace: Identity = { kind: 'namespace' }
  if (ways.includes('namespace') && process.platform === 'linux' && (await works(namespace, postgres, dataDir))) {
    return namespace
  }
  if (!ways.includes('account')) throw noWay('user namespaces are denied')
  for (const account of await accounts(dataDir)) {
    if (!(await works(account, postgres, dataDir))) continue
    if (owner !== null) await giveTo(account, cluster)
    return account
  }
  throw noWay(
    `user namespaces are denied, and none of the users ${ACCOUNTS.join(', ')} can run ${postgres} and reach ${dataDir}`,
  )
}

/** Hands a file, or a folder with all it holds, to the identity when it is an account of its own. */
export async function giveTo(identity: Identity, path: string): Promise<void> {
  if (identity.kind !== 'account') return
  await chown(path, identity.uid, identity.gid)
  if (!(await lstat(path)).isDirectory()) return
  for (const name of await readdir(path)) await giveTo(identity, join(path, name))
}

async function works(identity: Identity, postgres: string, folder: string): Promise<boolean> {
  const script = ['-c', 'cd "$1" && exec "$2" --version', 'sh', folder, postgres]
  return runProgram(asIdentity(identity, '/bin/sh', script)).then(
    ({ code }) => code === 0,
    () => false,
  )
}

/** The owner of the data folder, then the accounts that usually exist; never root. */
async function accounts(dataDir: string): Promise<Identity[]> {
  const { uid, gid } = await stat(dataDir)
  const lines = existsSync('/etc/passwd') ? (await readFile('/etc/passwd', 'utf8')).split('\n') : []
  const known = ACCOUNTS.flatMap((name) => lines.filter((line) => line.startsWith(`${name}:`))).map((line) => {
    const fields = line.split(':')
    return { uid: Number(fields[2]), gid: Number(fields[3]) }
  })
  return [{ uid, gid }, ...known]
    .filter((account) => account.uid > 0 && account.gid >= 0)
    .map((account) => ({ kind: 'account' as const, ...account }))
}

function noWay(why: string): PipelineError {
  return new PipelineError(
    'EMBEDDED_ROOT',
    `The embedded Postgres does not run as root, and no other way was found: ${why}. ` +
      'Run this command as an ordinary user, or set DATABASE_URL to use another server.',
    'never',
  )
}
