import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { sleep } from '../../core/backoff.ts'
import { messageOf, PipelineError } from '../../core/errors.ts'
import { findBinaries } from './binaries.ts'
import { clusterIn, logFolderIn, prepareCluster, pruneLogs, runningAs, writeSettings } from './cluster.ts'
import { asIdentity, checkOwner, chooseIdentity, giveTo, type Identity, type RootWay } from './identity.ts'
import { withLauncherLock } from './launcher-lock.ts'
import { claimPort } from './port.ts'
import { disownPid, isProcessAlive, isServerOf, readPostmaster, removeBrokenPidFile } from './postmaster.ts'
import { runProgram } from './program.ts'
import { closeSession, countOtherUsers, hasCode, openSession, type Session } from './session.ts'

export interface ServerOptions {
  /** Folder of the server and nothing else; it is made if it is missing. */
  dataDir: string
  /** True for data that nobody misses: it is not synced to disk, and it is removed with its last user. */
  temporary?: boolean
  /** True keeps the server running when its last user is gone, until `stopServer`. */
  keepRunning?: boolean
  /** The ways in which root may run the server, best first; by default all that the system allows. */
  rootWays?: RootWay[]
}

export interface ServerHandle {
  /** Address of the database `milepost`. Contains the password: show it through `redactUrl` only. */
  url: string
  port: number
  /** False when the server was running already. */
  startedByUs: boolean
  /** Ends this use of the server. The last user stops it, unless it was started to keep running. */
  release(): Promise<{ stopped: boolean }>
  [Symbol.asyncDispose](): Promise<void>
}

export type ServerStatus =
  | { state: 'absent' | 'stopped'; dataDir: string }
  | {
      state: 'running'
      dataDir: string
      logFolder: string
      pid: number
      port: number
      /** Contains the password, like that of the handle. */
      url: string
      startedAt: Date
      /** Commands and other programs that are connected. */
      users: number
      keepsRunning: boolean
    }

const START_TIMEOUT_MS = 300_000

/**
 * Joins the embedded server of `dataDir`, starting it (and creating its cluster) if it does not run. Safe for any
 * number of commands at once: one starts it, the others join. Call `release` when done.
 * Throws PipelineErrors EMBEDDED_*, each saying what to do.
 */
export async function ensureServer(options: ServerOptions): Promise<ServerHandle> {
  const dataDir = resolve(options.dataDir)
  await checkOwner(clusterIn(dataDir))
  return withLauncherLock(dataDir, async () => {
    const { session, startedByUs } = await joinOrStart(dataDir, options)
    if (options.keepRunning === true) await markKeepRunning(dataDir)
    let released: Promise<{ stopped: boolean }> | undefined
    const release = () => (released ??= releaseServer(dataDir, session, options))
    return {
      url: session.url,
      port: session.port,
      startedByUs,
      release,
      async [Symbol.asyncDispose]() {
        await release()
      },
    }
  })
}

/** Stops the embedded server whoever uses it. `disconnected` counts the users that lost it. */
export async function stopServer(options: ServerOptions): Promise<{ stopped: boolean; disconnected: number }> {
  const dataDir = resolve(options.dataDir)
  if (!existsSync(clusterIn(dataDir))) return { stopped: false, disconnected: 0 }
  await checkOwner(clusterIn(dataDir))
  return withLauncherLock(dataDir, async () => {
    const session = await findServer(dataDir)
    if (session === null) return { stopped: false, disconnected: 0 }
    const disconnected = await countOtherUsers(session)
    await closeSession(session)
    await shutDown(dataDir)
    return { stopped: true, disconnected }
  })
}

/** What runs in `dataDir`. Starts nothing and changes nothing. */
export async function serverStatus(options: ServerOptions): Promise<ServerStatus> {
  const dataDir = resolve(options.dataDir)
  const cluster = clusterIn(dataDir)
  if (!existsSync(cluster)) return { state: 'absent', dataDir }
  await checkOwner(cluster)
  return withLauncherLock(dataDir, async () => {
    const session = await findServer(dataDir)
    const postmaster = await readPostmaster(cluster)
    if (session === null || postmaster === null) return { state: 'stopped', dataDir }
    const users = await countOtherUsers(session)
    await closeSession(session)
    return {
      state: 'running',
      dataDir,
      logFolder: logFolderIn(dataDir),
      pid: postmaster.pid,
      port: session.port,
      url: session.url,
      startedAt: new Date(postmaster.startedAt * 1000),
      users,
      keepsRunning: await keepsRunning(dataDir),
    }
  })
}

async function releaseServer(dataDir: string, session: Session, options: ServerOptions): Promise<{ stopped: boolean }> {
  return withLauncherLock(dataDir, async () => {
    if (await leave(dataDir, session)) return { stopped: false }
    await shutDown(dataDir)
    if (options.temporary === true) await rm(clusterIn(dataDir), { recursive: true })
    return { stopped: true }
  })
}

/** Ends the session. True when the server stays, for others or for good, or is gone already. */
async function leave(dataDir: string, session: Session): Promise<boolean> {
  try {
    const stays = (await keepsRunning(dataDir)) || (await countOtherUsers(session)) > 0
    await closeSession(session)
    return stays
  } catch {
    // The server went away under the session; another command may have started it again since.
    await session.client.end()
    const current = await findServer(dataDir)
    return current === null || leave(dataDir, current)
  }
}

async function joinOrStart(
  dataDir: string,
  options: ServerOptions,
): Promise<{ session: Session; startedByUs: boolean }> {
  const running = await findServer(dataDir)
  if (running !== null) {
    await pruneLogs(dataDir)
    return { session: running, startedByUs: false }
  }
  const cluster = clusterIn(dataDir)
  const durable = options.temporary !== true
  const binaries = await findBinaries()
  const identity = await chooseIdentity(dataDir, cluster, binaries.postgres, options.rootWays)
  await prepareCluster(dataDir, binaries, identity, durable)
  await removeBrokenPidFile(cluster)
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const port = await claimPort(dataDir)
    await writeSettings(dataDir, identity, { port, durable })
    await pruneLogs(dataDir)
    const startLog = join(cluster, 'start.log')
    await writeFile(startLog, '', { mode: 0o600 })
    await giveTo(identity, startLog)
    const args = ['start', '-D', cluster, '-w', '-t', '120', '-l', startLog]
    const { code } = await runProgram(asIdentity(identity, binaries.pgCtl, args), {
      quiet: process.platform === 'win32',
    })
    const session = await findServer(dataDir)
    if (session !== null) return { session, startedByUs: true }
    const said = await readFile(startLog, 'utf8')
    // Orphans of a killed server hold its memory for a moment, or the port was taken since it was chosen.
    const passes = /still in use|already exists/.test(said) || (await claimPort(dataDir)) !== port
    if (!passes || Date.now() > deadline) throw await startFailed(dataDir, identity, code, said)
    await sleep(100)
  }
}

/** The running server's session, or null when none runs. Waits while one is starting or stopping. */
async function findServer(dataDir: string): Promise<Session | null> {
  const cluster = clusterIn(dataDir)
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const postmaster = await readPostmaster(cluster)
    if (postmaster === null) return null
    let refusal: unknown
    if (postmaster.port !== null) {
      try {
        const session = await openSession(dataDir, postmaster.port)
        if (session !== null) return session
      } catch (error) {
        refusal = error
      }
    }
    if (!(await isServerOf(postmaster.pid, cluster))) {
      if (isProcessAlive(postmaster.pid)) await disownPid(cluster)
      return null
    }
    if (refusal !== undefined && !isPassing(refusal)) {
      throw new PipelineError(
        'EMBEDDED_REFUSED',
        `The embedded database in ${dataDir} runs but refuses the connection: ${messageOf(refusal)}`,
        'later',
        { cause: refusal },
      )
    }
    if (Date.now() > deadline) {
      throw new PipelineError(
        'EMBEDDED_START',
        `The embedded database in ${dataDir} (process ${postmaster.pid}) has not answered for ` +
          `${START_TIMEOUT_MS / 1000} s. Its log is in ${logFolderIn(dataDir)}; try again when it has recovered.`,
        'later',
      )
    }
    await sleep(20)
  }
}

/** Whether a server that is starting or stopping answers like this. */
function isPassing(refusal: unknown): boolean {
  return (
    hasCode(refusal, 'ECONNREFUSED', 'ECONNRESET', '57P03', '57P01') ||
    /terminated unexpectedly|timeout expired/.test(messageOf(refusal))
  )
}

async function shutDown(dataDir: string): Promise<void> {
  const cluster = clusterIn(dataDir)
  if (!(await runsIn(cluster))) return
  const { pgCtl, postgres } = await findBinaries()
  const identity = await chooseIdentity(dataDir, cluster, postgres)
  const program = asIdentity(identity, pgCtl, ['stop', '-D', cluster, '-m', 'fast', '-w', '-t', '120'])
  const { code, output } = await runProgram(program)
  await rm(keepRunningFile(dataDir), { force: true })
  if (code === 0 || !(await runsIn(cluster))) return
  throw new PipelineError(
    'EMBEDDED_STOP',
    `The embedded database in ${dataDir} did not stop: ${output.trim()}. Its log is in ${logFolderIn(dataDir)}.`,
    'later',
  )
}

async function runsIn(cluster: string): Promise<boolean> {
  const postmaster = await readPostmaster(cluster)
  return postmaster !== null && (await isServerOf(postmaster.pid, cluster))
}

async function startFailed(dataDir: string, identity: Identity, code: number, said: string): Promise<PipelineError> {
  const folder = logFolderIn(dataDir)
  const newest = existsSync(folder) ? (await readdir(folder)).sort().at(-1) : undefined
  const log = newest === undefined ? '' : await readFile(join(folder, newest), 'utf8')
  // What went wrong before the server opened its own log stands in `said`, anything later in that log.
  const [lines = []] = [said, log].map(errorLines).filter((found) => found.length > 0)
  return new PipelineError(
    'EMBEDDED_START',
    `The embedded database in ${dataDir} does not start${runningAs(identity)}: ` +
      `${lines.slice(-3).join(' | ') || `pg_ctl ended with code ${code}: ${said.trim()}`}. Its log is in ${folder}.`,
    'never',
  )
}

function errorLines(text: string): string[] {
  return text.split('\n').filter((line) => /FATAL|PANIC|error|denied/.test(line))
}

function keepRunningFile(dataDir: string): string {
  return join(dataDir, 'keep-running')
}

// The mark names one life of the server: after a crash of the machine it no longer counts.
async function markKeepRunning(dataDir: string): Promise<void> {
  await writeFile(keepRunningFile(dataDir), await lifeOf(dataDir))
}

async function keepsRunning(dataDir: string): Promise<boolean> {
  const file = keepRunningFile(dataDir)
  return existsSync(file) && (await readFile(file, 'utf8')) === (await lifeOf(dataDir))
}

async function lifeOf(dataDir: string): Promise<string> {
  const postmaster = await readPostmaster(clusterIn(dataDir))
  return `${postmaster?.pid} ${postmaster?.startedAt}\n`
}
