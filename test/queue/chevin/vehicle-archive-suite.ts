import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { SftpServer } from '../../../core/sftp/settings.ts'
import { openSftp } from '../../../core/sftp/session.ts'
import { openAlerts } from '../../../queue/alerts.ts'
import type { Peer } from '../../load/sftp/peer.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { openThirty } from '../../support/thirty-devices.ts'
import { csv, FILE, type TestSync } from '../../support/vehicle-sync.ts'

const FOLDER = 'Export/geotab'

/** What holds for the moving of vehicle files on every server; registered once for each kind. */
export function vehicleArchiveTests(start: () => Promise<Peer>): void {
  let database: TestDatabase
  let peer: Peer
  let files = 0
  beforeAll(async () => {
    database = await createTestDatabase()
    peer = await start()
  })
  afterEach(async () => {
    await peer.restore()
    if ((await peer.names(FOLDER)).includes('elsewhere')) await move('elsewhere', 'processed')
    for (const folder of ['processed', 'rejected'])
      for (const name of await peer.names(`${FOLDER}/${folder}`)) await remove(`${folder}/${name}`)
    if ((await peer.read(FILE)) !== null) await remove('fwgeotabinfo.csv')
  })
  afterAll(async () => {
    await peer.close()
    await database.drop()
  })

  async function inSession(work: (session: Awaited<ReturnType<typeof openSftp>>) => Promise<unknown>): Promise<void> {
    const session = await openSftp(peer.server, { signal: new AbortController().signal })
    await work(session).finally(() => session.close())
  }
  const move = (from: string, to: string) =>
    inSession((session) => session.rename(`${FOLDER}/${from}`, `${FOLDER}/${to}`))
  const remove = (name: string) => inSession((session) => session.remove(`${FOLDER}/${name}`))

  const open = (server: SftpServer = peer.server) => openThirty(database, { server })
  /** Content that is new to every test. */
  const fresh = (...rows: [string, string][]) => {
    files += 1
    return `${csv(...rows)}\n${'\n'.repeat(files)}`
  }
  const alertsOf = async (sync: TestSync) =>
    (await openAlerts(database.db)).filter(({ subject }) => subject === sync.connection)

  test('case 62: what is dealt with is moved to processed/, byte for byte, under a name with time and hash', async () => {
    const sync = await open()
    const content = fresh(['b100', 'New name'])
    await peer.put(FILE, content)
    const { file } = await sync.apply()
    const name = `20260320T120000Z_${file?.sha256.slice(0, 8)}_fwgeotabinfo.csv`
    expect(await peer.names(`${FOLDER}/processed`)).toEqual([name])
    expect((await peer.read(`${FOLDER}/processed/${name}`))?.toString()).toBe(content)
    expect(await peer.read(FILE)).toBeNull()
    expect(await sync.apply()).toMatchObject({ state: 'missing' })
  })

  test('case 62: what cannot be read is moved to rejected/', async () => {
    const sync = await open()
    await peer.put(FILE, Buffer.from(fresh(['b100', 'New name']), 'utf16le'))
    expect(await sync.apply()).toMatchObject({ state: 'rejected' })
    expect(await peer.names(`${FOLDER}/rejected`)).toHaveLength(1)
    expect(await peer.names(`${FOLDER}/processed`)).toEqual([])
  })

  test('case 62: a folder that is missing is not made; the file stays, is told of, and is moved once there is one', async () => {
    const sync = await open()
    await move('processed', 'elsewhere')
    await peer.put(FILE, fresh(['b100', 'New name']))
    expect(await sync.apply()).toMatchObject({ state: 'applied', file: { archived_as: null } })
    expect(await peer.names(FOLDER)).not.toContain('processed')
    expect(await alertsOf(sync)).toMatchObject([{ kind: 'vehicle_file_archive' }])
    expect(await sync.apply()).toMatchObject({ state: 'same' })
    await move('elsewhere', 'processed')
    expect(await sync.apply()).toMatchObject({ state: 'same', file: { archived_as: expect.any(String) } })
    expect(await peer.names(`${FOLDER}/processed`)).toHaveLength(1)
    expect(await alertsOf(sync)).toEqual([])
    expect(sync.sets()).toBe(1)
  })

  test('case 62: where moving is denied the file stays, somebody is told, and it is not applied again', async (context) => {
    const server = await peer.deniedMoves()
    if (server === null) return context.skip('skipped: needs a user who may not move')
    const sync = await open(server)
    await peer.put(FILE, fresh(['b100', 'New name']))
    expect(await sync.apply()).toMatchObject({ state: 'applied', file: { archived_as: null } })
    expect(await alertsOf(sync)).toMatchObject([{ message: expect.stringContaining('not moved') }])
    sync.edit('b100', { name: 'A person says so' })
    expect(await sync.apply()).toMatchObject({ state: 'same' })
    expect(sync.device('b100').name).toBe('A person says so')
    expect(sync.sets()).toBe(1)
    return undefined
  })

  test('case 62: a file that has taken the place of the one dealt with is not moved, and is no trouble', async () => {
    const sync = await open()
    await peer.put(FILE, fresh(['b100', 'New name']))
    const newer = fresh(['b100', 'Newer name'])
    const [fleet] = sync.context.geotab.databases
    if (fleet === undefined) throw new Error('the test has a fleet')
    const { client } = fleet
    fleet.client = {
      ...client,
      async call(method, ...rest) {
        if (method === 'Set') await peer.put(FILE, newer)
        return await client.call(method, ...rest)
      },
    }
    await sync.apply()
    fleet.client = client
    expect(await peer.names(`${FOLDER}/processed`)).toEqual([])
    expect(await alertsOf(sync)).toEqual([])
    await sync.apply()
    expect(sync.device('b100').name).toBe('Newer name')
    expect(await peer.names(`${FOLDER}/processed`)).toHaveLength(1)
  })

  test('a server that is gone between reading and moving loses nothing: the result stands, and the next call moves the file', async () => {
    const proxy = await startTcpProxy(peer.server)
    onTestFinished(() => proxy.close())
    const sync = await open({ ...peer.server, host: proxy.host, port: proxy.port })
    await peer.put(FILE, fresh(['b100', 'New name']))
    const output = await sync.apply({ onProgress: () => proxy.cutAfter(0) })
    expect(output).toMatchObject({ state: 'applied', results: { applied: 1 }, file: { archived_as: null } })
    expect(await alertsOf(sync)).toMatchObject([{ kind: 'vehicle_file_archive' }])
    expect(await peer.read(FILE)).not.toBeNull()
    proxy.cutAfter(null)
    expect(await sync.apply()).toMatchObject({ state: 'same', file: { archived_as: expect.any(String) } })
    expect(await alertsOf(sync)).toEqual([])
    expect(sync.sets()).toBe(1)
  })

  test(
    'a connection that is cut after any packet costs a call and no more: each file is carried out once, and moved',
    { timeout: 120_000 },
    async () => {
      const proxy = await startTcpProxy(peer.server)
      onTestFinished(() => proxy.close())
      const sync = await open({ ...peer.server, host: proxy.host, port: proxy.port })
      await peer.put(FILE, fresh(['b100', 'Name 0']))
      await sync.apply()
      const whole = proxy.packets()
      const step = Math.max(1, Math.floor(whole / 15))
      let [rounds, cut] = [1, 0]
      for (let packets = 1; packets <= whole; packets += step) {
        rounds += 1
        await peer.put(FILE, fresh(['b100', `Name ${packets}`]))
        proxy.cutAfter(packets)
        await sync.apply().catch((error: unknown) => {
          expect(error).toMatchObject({ code: expect.stringMatching(/^SFTP_/), retry: 'later' })
          cut += 1
        })
        proxy.cutAfter(null)
        for (let call = 0; (await sync.apply()).state !== 'missing'; call += 1) expect(call).toBeLessThan(3)
        expect(sync.device('b100').name).toBe(`Name ${packets}`)
        expect(await peer.names(`${FOLDER}/processed`)).toHaveLength(rounds)
      }
      expect(cut).toBeGreaterThan(5)
      expect(sync.sets()).toBe(rounds)
      expect(await alertsOf(sync)).toEqual([])
    },
  )

  test('case 51: a writer that goes on in a file that was moved under its hands is read there, to its end', async () => {
    const sync = await open()
    const half = fresh(['b100', 'One'])
    const whole = `${half},b101,,Two,\r\n`
    await peer.put(FILE, half)
    const { file } = await sync.apply()
    await peer.put(file?.archived_as ?? '', whole)
    expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 1, unchanged: 1 } })
    expect(sync.device('b101').name).toBe('Two')
    const [name = '', ...others] = await peer.names(`${FOLDER}/processed`)
    expect(others).toEqual([])
    expect((await peer.read(`${FOLDER}/processed/${name}`))?.toString()).toBe(whole)
    expect(await sync.apply()).toMatchObject({ state: 'missing' })
    expect(sync.sets()).toBe(2)
  })

  test('case 62: a file in processed/ that somebody writes anew is left alone', async () => {
    const sync = await open()
    await peer.put(FILE, fresh(['b100', 'One']))
    const { file } = await sync.apply()
    await peer.put(file?.archived_as ?? '', fresh(['b100', 'Edited'], ['b101', 'Edited'], ['b102', 'Edited']))
    expect(await sync.apply()).toMatchObject({ state: 'missing' })
    expect(sync.device('b100').name).toBe('One')
    expect(sync.sets()).toBe(1)
  })
}
