import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openSftp } from '../../../core/sftp/session.ts'
import type { SftpServer } from '../../../core/sftp/settings.ts'
import { deliverFile } from '../../../load/sftp/deliver.ts'
import { ownerOf } from '../../../load/sftp/ledger.ts'
import { startCommand } from '../../support/command.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import type { Peer } from './peer.ts'
import { startShipping } from './shipping.ts'

const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex')
const never = new AbortController().signal

/** What holds for deliveries to every server; registered once for each kind. */
export function deliveryTests(start: () => Promise<Peer>): void {
  let database: TestDatabase
  let peer: Peer
  let proxy: TcpProxy
  let through: SftpServer
  /** Packets of a whole delivery of 60,000 bytes, from the first hello on. */
  let whole: number
  beforeAll(async () => {
    database = await createTestDatabase()
    peer = await start()
    proxy = await startTcpProxy(peer.server)
    through = { ...peer.server, host: proxy.host, port: proxy.port }
    const shipping = startShipping(database)
    await shipping.plan({ content: randomBytes(60_000) })
    await shipping.send(through)
    whole = proxy.packets()
  })
  afterAll(async () => {
    await proxy.close()
    await peer.close()
    await database.drop()
  })
  afterEach(() => peer.restore())

  const partsOf = async (fileName: string) =>
    (await peer.names('Import')).filter((name) => name.startsWith(`.${fileName}`))

  test('case 48: a file arrives whole under its name, leaves no part behind, and has a receipt', async () => {
    const shipping = startShipping(database)
    const file = await shipping.plan()
    expect(await shipping.send(peer.server)).toMatchObject([{ deliveryId: file.deliveryId, outcome: 'delivered' }])
    expect(await peer.read(`Import/${file.fileName}`)).toEqual(file.content)
    expect(await partsOf(file.fileName)).toEqual([])
    const [receipt] = await shipping.receipts()
    expect(receipt).toMatchObject({
      status: 'delivered',
      attempts: 1,
      was_there: false,
      read_back: true,
      remote_size: 20_000,
      sha256: digest(file.content),
      server_fingerprint: peer.server.hostKeys[0],
      error_code: null,
    })
    expect(Number(receipt?.seconds)).toBeGreaterThan(0)
    expect(receipt?.remote_modified_at).toBeInstanceOf(Date)
  })

  test('an empty file and one larger than the pieces in flight arrive to the byte', async () => {
    const shipping = startShipping(database)
    const empty = await shipping.plan({ content: Buffer.alloc(0) })
    const large = await shipping.plan({ content: randomBytes(1_500_001) })
    await shipping.send(peer.server, { readBackBelowBytes: 1_000_000 })
    expect(await peer.read(`Import/${empty.fileName}`)).toEqual(empty.content)
    expect(digest((await peer.read(`Import/${large.fileName}`)) ?? empty.content)).toBe(digest(large.content))
    expect((await shipping.receipts()).map((each) => String(each.read_back)).toSorted()).toEqual(['false', 'true'])
  })

  test('case 48: planning and sending the same file again sends nothing', async () => {
    const shipping = startShipping(database)
    const file = await shipping.plan()
    await shipping.send(peer.server)
    expect(await shipping.plan(file)).toMatchObject({ deliveryId: file.deliveryId })
    expect(await shipping.send(peer.server)).toEqual([])
    expect(await shipping.receipts()).toHaveLength(1)
  })

  test('a file of that name with the same content counts as delivered', async () => {
    const shipping = startShipping(database)
    const file = await shipping.plan()
    await peer.put(`Import/${file.fileName}`, file.content)
    expect(await shipping.send(peer.server)).toMatchObject([{ outcome: 'was_there' }])
    expect(await shipping.receipts()).toMatchObject([{ status: 'delivered', was_there: true }])
  })

  test.for([
    ['of the same size', (content: Buffer) => Buffer.alloc(content.length, 1)],
    ['of another size', (content: Buffer) => content.subarray(1)],
  ] as const)(
    'case 48: a file of that name with other content %s is a conflict and stays as it is',
    async ([, other]) => {
      const shipping = startShipping(database)
      const file = await shipping.plan()
      const theirs = other(file.content)
      await peer.put(`Import/${file.fileName}`, theirs)
      expect(await shipping.send(peer.server)).toMatchObject([
        { outcome: 'conflict', error: { code: 'SFTP_CONFLICT' } },
      ])
      expect(await peer.read(`Import/${file.fileName}`)).toEqual(theirs)
      expect(await partsOf(file.fileName)).toEqual([])
      expect(await shipping.receipts()).toMatchObject([{ status: 'conflict', error_code: 'SFTP_CONFLICT' }])
      expect(await shipping.send(peer.server)).toEqual([])
    },
  )

  test.for([
    ['the same content counts as delivered', (content: Buffer) => content, 'it was there'],
    [
      'other content is a conflict and stays as it is',
      (content: Buffer) => Buffer.alloc(content.length),
      'SFTP_CONFLICT',
    ],
  ] as const)('a file that appears in the last moment with %s', async ([, other, expected]) => {
    const file = { folder: 'Import', fileName: `late_${randomUUID()}.xls`, content: randomBytes(500) }
    const session = await openSftp(peer.server, { signal: never })
    const overtaken = {
      ...session,
      async rename(from: string, to: string) {
        await peer.put(to, other(file.content))
        await session.rename(from, to)
      },
    }
    const outcome = await deliverFile(overtaken, file, { owner: 'ours', attempt: 1 }).then(
      ({ wasThere }) => (wasThere ? 'it was there' : 'delivered'),
      (error: unknown) => (error as { code?: string }).code,
    )
    await session.close()
    expect(outcome).toBe(expected)
    expect(await peer.read(`Import/${file.fileName}`)).toEqual(other(file.content))
    expect(await partsOf(file.fileName)).toEqual([])
  })

  test('part files of its own earlier attempts go, and those of others stay', async () => {
    const shipping = startShipping(database)
    const file = await shipping.plan()
    const [own, others] = [`.${file.fileName}.${ownerOf(file.deliveryId)}-1.part`, `.${file.fileName}.0badcafe-1.part`]
    await database.pool.query('update ops.deliveries set attempts = 1 where delivery_id = $1', [file.deliveryId])
    await peer.put(`Import/${own}`, Buffer.from('half'))
    await peer.put(`Import/${others}`, Buffer.from('half'))
    expect(await shipping.send(peer.server)).toMatchObject([{ outcome: 'delivered' }])
    expect(await partsOf(file.fileName)).toEqual([others])
  })

  test('case 48: a missing folder fails at once and is not made', async () => {
    const shipping = startShipping(database)
    await shipping.plan({ folder: 'Inbox' })
    expect(await shipping.send(peer.server)).toMatchObject([
      { outcome: 'failed', error: { code: 'SFTP_DIRECTORY_MISSING' } },
    ])
    expect(await peer.names('.')).not.toContain('Inbox')
  })

  test('case 50: a server that denies writing fails the delivery at once', async (context) => {
    const server = await peer.denied()
    if (server === null) return context.skip('skipped: needs root, to log in as another user')
    const shipping = startShipping(database)
    const file = await shipping.plan()
    expect(await shipping.send(server)).toMatchObject([{ outcome: 'failed', error: { code: 'SFTP_DENIED' } }])
    expect(await peer.read(`Import/${file.fileName}`)).toBeNull()
    return undefined
  })

  test('case 50: a full disk is tried again, and leaves neither file nor part', async (context) => {
    const folder = await peer.smallFolder()
    if (folder === null) return context.skip('skipped: needs the right to mount')
    const shipping = startShipping(database)
    const file = await shipping.plan({ folder, content: randomBytes(200_000) })
    const [outcome] = await shipping.send(peer.server)
    expect(outcome).toMatchObject({ outcome: 'retry', error: { code: 'SFTP_DISK_FULL' } })
    expect((await peer.names(folder)).filter((name) => name.includes(file.fileName))).toEqual([])
    return undefined
  })

  test('a disk that can only be read fails the delivery at once', async (context) => {
    const folder = await peer.readOnlyFolder()
    if (folder === null) return context.skip('skipped: needs the right to mount')
    const shipping = startShipping(database)
    await shipping.plan({ folder })
    expect(await shipping.send(peer.server)).toMatchObject([{ outcome: 'failed', error: { code: 'SFTP_READ_ONLY' } }])
    return undefined
  })

  test('case 49: a changed host key fails everything that is due, over one connection', async () => {
    const shipping = startShipping(database)
    await shipping.plan()
    await shipping.plan()
    const outcomes = await shipping.send({ ...peer.server, hostKeys: [`SHA256:${'A'.repeat(43)}`] })
    expect(outcomes.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['failed', 'SFTP_HOST_KEY_CHANGED'],
      ['failed', 'SFTP_HOST_KEY_CHANGED'],
    ])
    expect((await shipping.receipts()).map((each) => each.attempts).toSorted((a, b) => a - b)).toEqual([0, 1])
  })

  test('case 48: cut after any packet, a file ends delivered once, and no part of it is ever under its name', async () => {
    const shipping = startShipping(database)
    const step = Math.max(1, Math.floor(whole / 40))
    let cut = 0
    for (let packets = 1; packets <= whole + 1; packets += step) {
      const file = await shipping.plan({ content: randomBytes(60_000) })
      proxy.cutAfter(packets)
      const [outcome] = await shipping.send(through)
      const there = await peer.read(`Import/${file.fileName}`)
      if (there !== null) expect(there.equals(file.content), `cut after packet ${packets}`).toBe(true)
      if (outcome?.outcome === 'retry') {
        cut += 1
        expect(outcome.error?.code).toBe('SFTP_CUT_OFF')
        proxy.cutAfter(null)
        const [second] = await shipping.send(through)
        expect(second?.outcome).toBe(there === null ? 'delivered' : 'was_there')
      }
      expect((await peer.read(`Import/${file.fileName}`))?.equals(file.content)).toBe(true)
      expect(await partsOf(file.fileName)).toEqual([])
    }
    expect(cut).toBeGreaterThan(20)
    expect(new Set((await shipping.receipts()).map((each) => each.status))).toEqual(new Set(['delivered']))
  })

  test('a lister that looks every 5 ms sees only whole files of 200 deliveries', async () => {
    const shipping = startShipping(database)
    const expected = new Map<string, string>()
    for (let count = 0; count < 200; count += 1) {
      const { fileName, content } = await shipping.plan({
        fileName: `many_${count}.xls`,
        // Every tenth is under way long enough that a half-written one would be seen.
        content: randomBytes(count % 10 === 0 ? 1_000_000 : 5000 + count * 331),
      })
      expected.set(fileName, `${content.length} bytes ${digest(content)}`)
    }
    const looker = await openSftp(peer.server, { signal: never })
    const seen = new Map<string, string>()
    let looks = 0
    const sent = new AbortController()
    const look = async () => {
      while (!sent.signal.aborted) {
        const { files } = await looker.list('Import', 5000)
        for (const { name, size } of files.filter((each) => each.name.startsWith('many_') && !seen.has(each.name))) {
          seen.set(name, `${size} bytes ${digest(await looker.readFile(`Import/${name}`))}`)
        }
        looks += 1
        await delay(5)
      }
    }
    const looking = look()
    const outcomes = await shipping.send(peer.server)
    sent.abort()
    await looking
    await looker.close()
    expect([...seen].filter(([name, shown]) => shown !== expected.get(name))).toEqual([])
    expect(outcomes.filter(({ outcome }) => outcome === 'delivered')).toHaveLength(200)
    expect(seen.size).toBeGreaterThan(50)
    expect(looks).toBeGreaterThan(20)
  })

  test('of two workers at once one sends, the other finds nothing to do', async () => {
    const shipping = startShipping(database)
    const files = await Promise.all(Array.from({ length: 5 }, () => shipping.plan()))
    const [one, other] = await Promise.all([shipping.send(peer.server), shipping.send(peer.server)])
    expect([...one, ...other].map(({ outcome }) => outcome)).toEqual(Array.from(files, () => 'delivered'))
    expect((await shipping.receipts()).map((each) => each.attempts)).toEqual([1, 1, 1, 1, 1])
  })

  test('two that plan and send at the same time leave nothing unsent', async () => {
    const shipping = startShipping(database)
    const worker = async () => {
      for (let count = 0; count < 10; count += 1) {
        await shipping.plan({ content: randomBytes(100) })
        await shipping.send(peer.server)
      }
    }
    await Promise.all([worker(), worker()])
    expect((await shipping.receipts()).map((each) => each.status)).toEqual(
      Array.from({ length: 20 }, () => 'delivered'),
    )
  })

  test.for([10, 45, 60, 75, 85, 92])(
    'killed with -9 when %i percent of the packets are through, the next worker delivers once, under the same name',
    async (percent) => {
      const shipping = startShipping(database)
      const file = await shipping.plan({ content: randomBytes(60_000) })
      const frozen = proxy.freezeAfter(Math.ceil((whole * percent) / 100))
      const { password, privateKey, ...settings } = through
      const command = startCommand(
        './deliver-pending.ts',
        database.url,
        shipping.destination,
        JSON.stringify(settings),
        password?.reveal() ?? '',
        privateKey?.reveal() ?? '',
      )
      await frozen
      await command.kill()
      proxy.cutAfter(null)
      // Postgres may still be finding out that the lock's holder is gone.
      const outcomes = await vi.waitUntil(async () => {
        const sent = await shipping.send(through)
        return sent.length === 0 ? false : sent
      })
      expect(outcomes).toHaveLength(1)
      expect((await peer.read(`Import/${file.fileName}`))?.equals(file.content)).toBe(true)
      expect(await partsOf(file.fileName)).toEqual([])
      expect(await shipping.receipts()).toMatchObject([{ status: 'delivered', attempts: 2 }])
      expect(await shipping.attempts(file.deliveryId)).toMatchObject([
        { attempt: 1, outcome: 'interrupted' },
        { attempt: 2, outcome: 'delivered' },
      ])
    },
  )

  test.for([
    {
      what: 'the keepalive notices',
      changes: { keepaliveSeconds: 0.1, operationTimeoutSeconds: 30 },
      code: 'SFTP_CUT_OFF',
    },
    {
      what: 'the deadline ends',
      changes: { keepaliveSeconds: 60, operationTimeoutSeconds: 0.3 },
      code: 'SFTP_TIMEOUT',
    },
  ])('$what a connection that is half open', async ({ changes, code }) => {
    const shipping = startShipping(database)
    const file = await shipping.plan({ content: randomBytes(60_000) })
    const frozen = proxy.freezeAfter(Math.ceil(whole * 0.8))
    const sending = shipping.send({ ...through, ...changes })
    await frozen
    expect(await sending).toMatchObject([{ outcome: 'retry', error: { code } }])
    proxy.cutAfter(null)
    expect(await shipping.send(through)).toMatchObject([{ outcome: 'delivered' }])
    expect((await peer.read(`Import/${file.fileName}`))?.equals(file.content)).toBe(true)
  })
}
