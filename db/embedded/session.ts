import { randomBytes } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { Client } from 'pg'
import { sleep } from '../../core/backoff.ts'
import { clusterIn, readPassword, SUPERUSER } from './cluster.ts'
import { isProcessAlive } from './postmaster.ts'

/**
 * The session by which a command uses an embedded server. Its name carries the command's process id: as long as such
 * a session is open, the server is in use. Sessions close with their process, however that one dies.
 */
export interface Session {
  client: Client
  url: string
  port: number
}

const DATABASE = 'milepost'
const RELEASED = 'milepost:released'
// The name of a command's session, or without the third part of a pool of it (db/pool.ts).
const NAME = /^milepost:(\d+)(?::(\w+))?(?: |$)/
const LINGER_MS = 300

/**
 * Opens this command's session on the server at `port`. Null when the server there works in another folder: another
 * embedded database took over the port. Rejects with the error of `pg` when the server does not let us in.
 */
export async function openSession(dataDir: string, port: number): Promise<Session | null> {
  const password = await readPassword(dataDir)
  // Unique, so that a process can use the server twice.
  const name = `milepost:${process.pid}:${randomBytes(6).toString('hex')}`
  const connect = async (database: string): Promise<Session> => {
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: SUPERUSER,
      password,
      database,
      ssl: false,
      application_name: name,
      connectionTimeoutMillis: 5000,
      keepAlive: true,
    })
    // A broken connection is noticed by the next query, which is the one of the release.
    client.on('error', () => {})
    await client.connect()
    return { client, port, url: sessionUrl(port, password) }
  }
  const session = await connect(DATABASE).catch(async (error: unknown) => {
    if (!hasCode(error, '3D000')) throw error
    const { client } = await connect('postgres')
    try {
      await client.query(`create database ${DATABASE}`)
    } finally {
      await client.end()
    }
    return connect(DATABASE)
  })
  const { rows } = await session.client.query<{ data_directory: string }>('show data_directory')
  const folder = await realpath(rows[0]?.data_directory ?? '').catch(() => null)
  if (folder === (await realpath(clusterIn(dataDir)))) return session
  await session.client.end()
  return null
}

/** Leaves the server; other commands stop counting this one at once. */
export async function closeSession(session: Session): Promise<void> {
  await session.client.query(`set application_name = '${RELEASED}'`)
  await session.client.end()
}

/**
 * How many others use the server: commands that live (also another use by this process), and sessions of other
 * programs such as psql or a BI tool. This process's own pools are not counted. A closed session stays listed for some
 * milliseconds, so only what lasts counts, except for commands, which are asked by their process id.
 */
export async function countOtherUsers(session: Session): Promise<number> {
  const deadline = Date.now() + LINGER_MS
  for (;;) {
    const { rows } = await session.client.query<{ application_name: string }>(
      `select application_name from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> $1`,
      [RELEASED],
    )
    const processes = new Set<string>()
    let strangers = 0
    for (const { application_name } of rows) {
      const [, pid, nonce] = NAME.exec(application_name) ?? []
      if (pid === undefined) strangers += 1
      else if (Number(pid) === process.pid) {
        if (nonce !== undefined) processes.add(application_name)
      } else if (isProcessAlive(Number(pid))) processes.add(pid)
    }
    if (processes.size > 0 || strangers === 0 || Date.now() > deadline) return processes.size + strangers
    await sleep(20)
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

function sessionUrl(port: number, password: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}?sslmode=disable`
}
