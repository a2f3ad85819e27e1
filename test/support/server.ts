import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, escapeIdentifier } from 'pg'
import type { TestProject } from 'vitest/node'
import { loadConfig } from '../../core/config.ts'
import { messageOf } from '../../core/errors.ts'
import { sha256 } from '../../core/json.ts'
import { redactUrl, withDatabase } from '../../db/database-url.ts'
import { ensureServer } from '../../db/embedded/launcher.ts'
import { migrate } from '../../db/migrator.ts'
import { clientConfig } from '../../db/pool.ts'
import { clusterParent } from './folder.ts'

/** What the test files of a run need to make their databases. */
export interface TestServer {
  adminUrl: string
  /** Prefix of the names of this run's databases. */
  run: string
  /** Name of the migrated database that they are copies of. */
  template: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    testServer: TestServer
  }
}

interface Server {
  description: string
  adminUrl: string
  stop(): Promise<void>
}

const PREFIX = 'milepost_test_'
const LEFTOVER_AFTER_MS = 24 * 60 * 60 * 1000

/** Vitest's global setup: one server and one migrated template database for the whole run, gone when it ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await findServer()
  project.vitest.logger.log(`Tests use Postgres from ${server.description}.`)
  const run = `${PREFIX}${stamp(new Date())}_${randomBytes(3).toString('hex')}`
  const template = `${run}_template`
  const tearDown = async () => {
    try {
      await withAdmin(server, (admin) => dropDatabases(admin, (name) => name.startsWith(run)))
    } finally {
      await server.stop()
    }
  }
  try {
    await withAdmin(server, async (admin) => {
      await dropDatabases(admin, isLeftover)
      await admin.query(`create database ${escapeIdentifier(template)}`)
    })
    await migrate(withDatabase(server.adminUrl, template))
  } catch (error) {
    await tearDown()
    throw error
  }
  project.provide('testServer', { adminUrl: server.adminUrl, run, template })
  return tearDown
}

/** DATABASE_URL, else a container where Docker answers, else the embedded server. */
async function findServer(): Promise<Server> {
  // That folder has no milepost.yaml: of the configuration, only the environment counts here.
  const configured = loadConfig(tmpdir()).databaseUrl?.reveal()
  if (configured !== undefined) {
    return { description: `DATABASE_URL (${redactUrl(configured)})`, adminUrl: configured, stop: async () => {} }
  }
  const { getContainerRuntimeClient } = await import('testcontainers')
  const hasDocker = await getContainerRuntimeClient().then(
    () => true,
    () => false,
  )
  if (!hasDocker) return startEmbedded('the embedded server (no DATABASE_URL, no Docker)')
  return startContainer().catch((error: unknown) =>
    startEmbedded(`the embedded server (no DATABASE_URL, and the container failed: ${messageOf(error)})`),
  )
}

async function startContainer(): Promise<Server> {
  const { GenericContainer, Wait } = await import('testcontainers')
  const image = 'postgres:18-alpine'
  const password = randomBytes(12).toString('hex')
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withCommand([
      'postgres',
      ...['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'].flatMap((s) => ['-c', s]),
    ])
    .withTmpFs({ '/var/lib/postgresql': 'rw' })
    .withExposedPorts(5432)
    // The image starts the server twice: once to set it up, then for good.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start()
  return {
    description: `a container (${image})`,
    adminUrl: `postgres://postgres:${password}@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    async stop() {
      await container.stop()
    },
  }
}

async function startEmbedded(description: string): Promise<Server> {
  // One folder for each checkout and user: runs at the same time share the server, and the last one stops it.
  const checkout = sha256(fileURLToPath(new URL('../..', import.meta.url))).slice(0, 8)
  const dataDir = join(clusterParent(), `milepost-test-${process.getuid?.() ?? ''}-${checkout}`)
  const server = await ensureServer({ dataDir, temporary: true })
  return {
    description,
    adminUrl: server.url,
    async stop() {
      await server.release()
    },
  }
}

async function withAdmin(server: Server, work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client(clientConfig(server.adminUrl))
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}

async function dropDatabases(admin: Client, isOurs: (name: string) => boolean): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname from pg_database where starts_with(datname::text, $1) and pg_has_role(datdba, 'usage')`,
    [PREFIX],
  )
  for (const { datname } of rows.filter((row) => isOurs(row.datname))) {
    await admin.query(`drop database if exists ${escapeIdentifier(datname)} with (force)`)
  }
}

/** A database of a run that was killed: younger ones may belong to a run that goes on now. */
function isLeftover(name: string): boolean {
  const made = name.slice(PREFIX.length).split('_')[0] ?? ''
  return /^\d{14}$/.test(made) && made < stamp(new Date(Date.now() - LEFTOVER_AFTER_MS))
}

/** UTC as `20260131235959`, so that names sort by age. */
function stamp(instant: Date): string {
  return instant.toISOString().replaceAll(/\D/g, '').slice(0, 14)
}
