import { chmod, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureServer, stopServer } from '../../../db/embedded/launcher.ts'
import { makeClusterFolder } from '../../support/folder.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await makeClusterFolder()
})
afterEach(async () => {
  await stopServer({ dataDir })
  await rm(dataDir, { recursive: true })
})

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('as root', () => {
  test.for([
    { way: 'namespace' as const, owner: 'root' },
    { way: 'account' as const, owner: 'another user' },
  ])('the server runs by the way of the $way, as $owner, and starts again', async ({ way, owner }) => {
    await chmod(dataDir, 0o755)
    for (const startedByUs of [true, true]) {
      const server = await ensureServer({ dataDir, rootWays: [way] })
      expect(server.startedByUs).toBe(startedByUs)
      const pid = Number.parseInt(await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8'), 10)
      const { uid } = await stat(`/proc/${pid}`)
      expect(uid === 0 ? 'root' : 'another user').toBe(owner)
      expect(await server.release()).toEqual({ stopped: true })
    }
  })

  test('a cluster made in a namespace is handed to another user where namespaces are denied', async () => {
    await chmod(dataDir, 0o755)
    const before = await ensureServer({ dataDir, rootWays: ['namespace'] })
    await query(before.url, 'create table remembered as select 42 as answer')
    await before.release()
    const after = await ensureServer({ dataDir, rootWays: ['account'] })
    expect(await query(after.url, 'table remembered')).toEqual([{ answer: 42 }])
    await after.release()
  })

  test('where no way works, the error says what to do', async () => {
    await chmod(dataDir, 0o700)
    await expect(ensureServer({ dataDir, rootWays: ['account'] })).rejects.toMatchObject({
      code: 'EMBEDDED_ROOT',
      message: expect.stringMatching(/DATABASE_URL/),
    })
  })
})
