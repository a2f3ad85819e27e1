import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sleep } from '../../core/backoff.ts'

/** The main process of a server, as its `postmaster.pid` describes it. */
export interface Postmaster {
  pid: number
  /** Seconds since 1970: with the pid it names one life of the server. */
  startedAt: number
  /** Null while the server is still writing the file. */
  port: number | null
}

// Above the highest process id of any system: no process will ever have it.
const NOBODY = 2_147_483_647

/** What `postmaster.pid` says, or null when there is none (no server was started, or the last was stopped in order). */
export async function readPostmaster(cluster: string): Promise<Postmaster | null> {
  let text: string
  try {
    text = await readFile(join(cluster, 'postmaster.pid'), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  const [pid, , startedAt, port] = text.split('\n').map((line) => Number.parseInt(line, 10))
  if (pid === undefined || Number.isNaN(pid)) return null
  return { pid, startedAt: startedAt || 0, port: port || null }
}

/**
 * Removes a pid file without a process id, as a crash of the machine leaves it: no server starts beside one. It is
 * read twice, because a server that is just starting writes it a moment after making it.
 */
export async function removeBrokenPidFile(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid')
  if (!existsSync(file) || (await readPostmaster(cluster)) !== null) return
  await sleep(200)
  if ((await readPostmaster(cluster)) === null) await rm(file, { force: true })
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Whether the process with this id is a server working in `cluster`, and not a stranger that was given the id of a
 * dead one (nor a zombie that nobody collected).
 */
export async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (!isProcessAlive(pid)) return false
  if (process.platform === 'linux') {
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null)
    return folder === (await realpath(cluster))
  }
  const [program, ...args] =
    process.platform === 'win32'
      ? ['tasklist', '/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']
      : ['ps', '-o', 'command=', '-p', String(pid)]
  // `ps` reports an unknown process by its exit code.
  const command = await promisify(execFile)(program ?? '', args).then(
    ({ stdout }) => stdout,
    () => '',
  )
  return command.includes('postgres') && (process.platform === 'win32' || command.includes(cluster))
}

/**
 * Makes a pid file whose process id now belongs to a stranger look plainly stale. The rest stays: from it the next
 * server learns whether orphans of the dead one still use its shared memory, and waits for them.
 */
export async function disownPid(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid')
  const lines = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, [String(NOBODY), ...lines.slice(1)].join('\n'))
}
