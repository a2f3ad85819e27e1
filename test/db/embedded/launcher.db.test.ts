import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { ensureServer, serverStatus, stopServer } from '../../../db/embedded/launcher.ts'
import { createPool } from '../../../db/pool.ts'
import { startCommand, type Command } from '../../support/command.ts'
import { makeClusterFolder } from '../../support/folder.ts'

const Started = z.object({ startedByUs: z.boolean(), port: z.number() })
const Released = z.object({ stopped: z.boolean() })

let seed: string
let dataDir: string
let commands: Command[]

beforeAll(async () => {
  seed = await makeClusterFolder()
  const server = await ensureServer({ dataDir: seed })
  await query(server.url, 'create table remembered as select 42 as answer')
  await server.release()
})
afterAll(() => rm(seed, { recursive: true }))

beforeEach(async () => {
  dataDir = await makeClusterFolder()
  commands = []
})

afterEach(async () => {
  for (const command of commands) await command.kill()
  await stopServer({ dataDir })
  await rm(dataDir, { recursive: true, maxRetries: 5 })
})

function useServer(): Command {
  const command = startCommand('use-server.ts', dataDir)
  commands.push(command)
  return command
}

async function release(command: Command): Promise<z.infer<typeof Released>> {
  command.send('release')
  return command.answer(Released)
}

/** Lays a cluster with a table into the data folder: a copy takes less time than making one. */
async function layCluster(): Promise<void> {
  await cp(join(seed, 'cluster'), join(dataDir, 'cluster'), { recursive: true })
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, application_name: `milepost:${process.pid}` })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8'), 10)
}

describe('sharing', () => {
  test('of four commands at once one starts the server, all use it, and the last one stops it', async () => {
    const users = [useServer(), useServer(), useServer(), useServer()]
    const started = await Promise.all(users.map((user) => user.answer(Started)))
    expect(started.filter(({ startedByUs }) => startedByUs)).toHaveLength(1)
    expect(new Set(started.map(({ port }) => port)).size).toBe(1)
    expect(await serverStatus({ dataDir })).toMatchObject({ state: 'running', users: 4, keepsRunning: false })

    const released = await Promise.all(users.map(release))
    expect(released.filter(({ stopped }) => stopped)).toHaveLength(1)
    expect(await serverStatus({ dataDir })).toMatchObject({ state: 'stopped' })
  })

  test('two uses in one process count as two', async () => {
    await layCluster()
    const first = await ensureServer({ dataDir })
    const second = await ensureServer({ dataDir })
    expect(second.startedByUs).toBe(false)
    expect(await first.release()).toEqual({ stopped: false })
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await second.release()).toEqual({ stopped: true })
    expect(await second.release()).toEqual({ stopped: true })
  })

  test('a release races with a start without leaving anyone alone', async () => {
    await layCluster()
    const first = await ensureServer({ dataDir })
    const [, second] = await Promise.all([first.release(), ensureServer({ dataDir })])
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await second.release()).toEqual({ stopped: true })
  })

  test('a session of another program keeps the server running, an open pool of the releasing process does not', async () => {
    await layCluster()
    const first = await ensureServer({ dataDir })
    const stranger = new Client({ connectionString: first.url, application_name: 'psql' })
    await stranger.connect()
    expect(await first.release()).toEqual({ stopped: false })
    await stranger.end()

    const second = await ensureServer({ dataDir })
    expect(second.startedByUs).toBe(false)
    const pool = createPool(second.url)
    await pool.query('select 1')
    expect(await second.release()).toEqual({ stopped: true })
    await pool.end()
  })

  test('a server started to keep running stays until it is stopped, and its mark ends with it', async () => {
    await layCluster()
    const started = await ensureServer({ dataDir, keepRunning: true })
    expect(await started.release()).toEqual({ stopped: false })
    const user = useServer()
    expect(await user.answer(Started)).toMatchObject({ startedByUs: false })
    expect(await release(user)).toEqual({ stopped: false })
    expect(await serverStatus({ dataDir })).toMatchObject({ state: 'running', users: 0, keepsRunning: true })
    expect(await stopServer({ dataDir })).toEqual({ stopped: true, disconnected: 0 })
    expect(await stopServer({ dataDir })).toEqual({ stopped: false, disconnected: 0 })

    const marked = await ensureServer({ dataDir, keepRunning: true })
    process.kill(await postmasterPid(), 'SIGKILL')
    await marked.release()
    const next = await ensureServer({ dataDir })
    expect(await next.release()).toEqual({ stopped: true })
  })

  test('a stop tells how many users it disconnected, and their release ends quietly', async () => {
    await layCluster()
    const user = await ensureServer({ dataDir })
    expect(await stopServer({ dataDir })).toEqual({ stopped: true, disconnected: 1 })
    expect(await user.release()).toEqual({ stopped: false })
  })

  test('a temporary cluster is gone with its last user', async () => {
    const server = await ensureServer({ dataDir, temporary: true })
    expect(await query(server.url, 'show fsync')).toEqual([{ fsync: 'off' }])
    expect(await server.release()).toEqual({ stopped: true })
    expect(await serverStatus({ dataDir })).toEqual({ state: 'absent', dataDir })
  })
})

describe('recovery', () => {
  test('after kill -9 of the starter the next command joins its server and stops it when done', async () => {
    await layCluster()
    const starter = useServer()
    const { port } = await starter.answer(Started)
    await starter.kill()
    const next = useServer()
    expect(await next.answer(Started)).toEqual({ startedByUs: false, port })
    expect(await release(next)).toEqual({ stopped: true })
  })

  test('kill -9 while the cluster is being made leaves nothing that the next start takes for whole', async () => {
    const maker = useServer()
    const ended = maker.answer(Started).catch((error: unknown) => error)
    await vi.waitFor(
      async () => {
        const draft = (await readdir(dataDir)).find((name) => name.startsWith('making-'))
        expect(await readdir(join(dataDir, draft ?? 'none', 'cluster'))).toContain('base')
      },
      { interval: 2, timeout: 20_000 },
    )
    await maker.kill()
    expect(await ended).toBeInstanceOf(Error)
    expect(await readdir(dataDir)).not.toContain('cluster')

    const server = await ensureServer({ dataDir })
    expect(server.startedByUs).toBe(true)
    expect((await readdir(dataDir)).filter((name) => name.startsWith('making-'))).toEqual([])
    await server.release()
  })

  test.for([
    { name: 'is dead', pidFile: (text: string) => text },
    { name: 'now belongs to another program', pidFile: (text: string) => text.replace(/^\d+/, String(process.pid)) },
    { name: 'is missing from it', pidFile: () => '' },
  ])('a pid file whose process $name does not keep the server from starting, with its data', async ({ pidFile }) => {
    await layCluster()
    const crashed = await ensureServer({ dataDir })
    process.kill(await postmasterPid(), 'SIGKILL')
    await crashed.release()
    const file = join(dataDir, 'cluster', 'postmaster.pid')
    await writeFile(file, pidFile(await readFile(file, 'utf8')))

    const server = await ensureServer({ dataDir })
    expect(server.startedByUs).toBe(true)
    expect(await query(server.url, 'table remembered')).toEqual([{ answer: 42 }])
    await server.release()
  })

  test('the address survives a restart, until another program listens at the port', async () => {
    await layCluster()
    const first = await ensureServer({ dataDir })
    await first.release()
    const second = await ensureServer({ dataDir })
    expect(second.url).toBe(first.url)
    await second.release()

    const squatter = createServer()
    await new Promise<void>((listening) => squatter.listen(first.port, '127.0.0.1', listening))
    try {
      const third = await ensureServer({ dataDir })
      expect(third.port).not.toBe(first.port)
      expect(await readFile(join(dataDir, 'port'), 'utf8')).toBe(`${third.port}\n`)
      expect(await query(third.url, 'table remembered')).toEqual([{ answer: 42 }])
      await third.release()
    } finally {
      await new Promise((closed) => squatter.close(closed))
    }
  })

  test('a copy of the folder of a running server is a server of its own', async () => {
    const original = await ensureServer({ dataDir: join(dataDir, 'original') })
    await query(original.url, 'checkpoint')
    await cp(join(dataDir, 'original'), join(dataDir, 'copy'), { recursive: true })
    const copy = await ensureServer({ dataDir: join(dataDir, 'copy') })
    try {
      expect(copy.startedByUs).toBe(true)
      expect(copy.port).not.toBe(original.port)
    } finally {
      expect(await copy.release()).toEqual({ stopped: true })
      expect(await original.release()).toEqual({ stopped: true })
    }
  })

  test.for([
    { code: 'EMBEDDED_DAMAGED', damage: { PG_VERSION: null } },
    { code: 'EMBEDDED_VERSION', damage: { PG_VERSION: '9\n' } },
  ])('a folder that cannot be used is refused with $code and left as it is', async ({ code, damage }) => {
    const cluster = join(dataDir, 'cluster')
    await mkdir(join(cluster, 'global'), { recursive: true })
    await writeFile(join(cluster, 'global', 'pg_control'), '')
    if (damage.PG_VERSION !== null) await writeFile(join(cluster, 'PG_VERSION'), damage.PG_VERSION)
    await expect(ensureServer({ dataDir })).rejects.toMatchObject({ code })
    expect(await readdir(join(cluster, 'global'))).toEqual(['pg_control'])
  })
})

describe('safety', () => {
  test('the server listens on the loopback address only and asks everyone for the password', async () => {
    await layCluster()
    const server = await ensureServer({ dataDir })
    expect(await query(server.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    const wrong = new URL(server.url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    await server.release()
  })

  test.skipIf(process.platform === 'win32')('the password is in a file that nobody else can read', async () => {
    await layCluster()
    const server = await ensureServer({ dataDir })
    const { mode } = await stat(join(dataDir, 'cluster', 'milepost.password'))
    expect(mode & 0o777).toBe(0o600)
    await server.release()
  })

  test('text is UTF-8 with the same order on every machine, durable, and in UTC', async () => {
    const server = await ensureServer({ dataDir })
    const [row] = await query(
      server.url,
      `select datlocprovider, datlocale, pg_encoding_to_char(encoding) as encoding,
         current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
         current_setting('TimeZone') as zone
       from pg_database where datname = current_database()`,
    )
    expect(row).toEqual({
      datlocprovider: 'b',
      datlocale: 'C.UTF-8',
      encoding: 'UTF8',
      fsync: 'on',
      commit: 'on',
      zone: 'UTC',
    })
    await server.release()
  })
})
