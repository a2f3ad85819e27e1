import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { withDatabase } from '../../db/database-url.ts'
import { ensureServer } from '../../db/embedded/launcher.ts'
import { migrate } from '../../db/migrator.ts'

export interface BenchDatabase {
  url: string
  close(): Promise<void>
}

/**
 * A fresh, migrated database: on DATABASE_URL's server where that is set, else on an embedded server of its own with
 * the settings of everyday use (fsync on), removed at the end.
 */
export async function openBenchDatabase(): Promise<BenchDatabase> {
  const given = process.env['DATABASE_URL']
  if (given !== undefined && given !== '') return await onServer(given)
  const dataDir = await mkdtemp(join(tmpdir(), 'milepost-bench-'))
  const server = await ensureServer({ dataDir: join(dataDir, 'postgres') })
  await migrate(server.url)
  const close = async () => {
    await server.release()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { url: server.url, close }
}

async function onServer(adminUrl: string): Promise<BenchDatabase> {
  const name = `milepost_bench_${process.pid}`
  const admin = async (statement: string) => {
    const client = new Client({ connectionString: adminUrl })
    await client.connect()
    await client.query(statement)
    await client.end()
  }
  await admin(`create database ${name}`)
  const url = withDatabase(adminUrl, name)
  await migrate(url)
  return { url, close: () => admin(`drop database ${name} with (force)`) }
}
