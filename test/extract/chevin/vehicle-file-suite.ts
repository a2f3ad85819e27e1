import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openSftp, type SftpSession } from '../../../core/sftp/session.ts'
import { lookAtVehicleFile, type Sighting, type VehicleFileRules } from '../../../extract/chevin/vehicle-file.ts'
import type { Peer } from '../../load/sftp/peer.ts'

const PATH = 'Export/geotab/fwgeotabinfo.csv'
const MARKER = `${PATH}.done`
const RULES: VehicleFileRules = {
  path: PATH,
  markerPath: null,
  polls: 3,
  settleSeconds: 10,
  unfinishedSeconds: 900,
  maxBytes: 1_000_000,
}
const ONE = 'G1,b1,,N,\n'
const TWO = `${ONE}G2,b2,,M,\n`
// Beyond the look and as long.
const OTHER = 'G1,b1,,M,\n'
const AT = new Date('2026-03-20T10:00:00Z')
const LATER = new Date('2026-03-20T10:00:01Z')

/** What holds for vehicle files on every server; registered once for each kind. */
export function vehicleFileTests(start: () => Promise<Peer>): void {
  let peer: Peer
  let session: SftpSession
  let seconds = 0
  const now = () => new Date(Date.UTC(2026, 2, 20, 12) + seconds * 1000)
  const { signal } = new AbortController()

  beforeAll(async () => {
    peer = await start()
    session = await openSftp(peer.server, { signal })
  })
  afterEach(() => peer.restore())
  afterAll(async () => {
    await session.close()
    await peer.close()
  })

  /** Looks once; what happens in a pause is the test's to say, and takes no time. */
  function look(
    rules: Partial<VehicleFileRules> = {},
    { before = null, inPause, on = session }: LookOf = {},
  ): ReturnType<typeof lookAtVehicleFile> {
    let pauses = 0
    const pause = async (length: number) => {
      pauses += 1
      seconds += length
      await inPause?.(pauses)
    }
    return lookAtVehicleFile(on, { ...RULES, ...rules }, { signal, now, before, pause })
  }
  interface LookOf {
    before?: Sighting | null
    inPause?: (pause: number) => Promise<unknown>
    on?: SftpSession
  }

  const sightingOf = (found: Awaited<ReturnType<typeof look>>): Sighting => {
    if (found.outcome === 'missing') throw new Error(`${found.what} is missing`)
    return found.sighting
  }

  test('case 51: a file that is not there is missing', async () => {
    const found = await look({ path: 'Export/geotab/none.csv' })
    expect(found).toEqual({ outcome: 'missing', what: 'Export/geotab/none.csv' })
  })

  test('case 51: where a done-marker is asked for, a file without one is missing, and one with one is read', async () => {
    await peer.put(PATH, ONE, AT)
    await expect(look({ markerPath: MARKER })).resolves.toEqual({ outcome: 'missing', what: `the marker ${MARKER}` })
    await peer.put(MARKER, '', AT)
    await expect(look({ markerPath: MARKER })).resolves.toMatchObject({ outcome: 'ready' })
  })

  test('case 51: a done-marker that was there before the file was written says nothing of it', async () => {
    await peer.put(MARKER, '', AT)
    await peer.put(PATH, ONE, LATER)
    const found = await look({ markerPath: MARKER })
    expect(found).toMatchObject({ outcome: 'waiting', why: expect.stringContaining('older than it') })
  })

  test.for([2, 3])('case 51: a file that looks the same %i times is read, with its hash and time', async (polls) => {
    await peer.put(PATH, ONE, AT)
    let pauses = 0
    const found = await look({ polls }, { inPause: async (pause) => (pauses = pause) })
    expect(found).toMatchObject({
      outcome: 'ready',
      file: { path: PATH, content: Buffer.from(ONE), modifiedAt: AT, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(pauses).toBe(polls - 1)
  })

  test.for([
    { name: 'grows', change: () => peer.put(PATH, TWO, AT), pause: 1 },
    { name: 'grows later', change: () => peer.put(PATH, TWO, AT), pause: 2 },
    { name: 'shrinks', change: () => peer.put(PATH, '\n', AT), pause: 1 },
    { name: 'is written anew in the same size', change: () => peer.put(PATH, OTHER, LATER), pause: 1 },
  ])('case 51: a file that $name between two looks waits', async ({ change, pause }) => {
    await peer.put(PATH, ONE, AT)
    const found = await look({}, { inPause: async (at) => at === pause && (await change()) })
    expect(found).toMatchObject({ outcome: 'waiting', why: 'it changed while it was looked at' })
  })

  test('case 51: a file that goes away between two looks is missing', async () => {
    await peer.put(PATH, ONE, AT)
    const found = await look({}, { inPause: async () => await session.remove(PATH) })
    expect(found).toEqual({ outcome: 'missing', what: PATH })
  })

  test.for([
    { name: 'grows', content: TWO, at: AT },
    { name: 'is written anew in the same size', content: OTHER, at: LATER },
  ])('case 51: a file that $name while it is read waits', async ({ content, at }) => {
    await peer.put(PATH, ONE, AT)
    const on: SftpSession = {
      ...session,
      async readFile(path, maxBytes) {
        const read = await session.readFile(path, maxBytes)
        await peer.put(PATH, content, at)
        return read
      },
    }
    expect(await look({}, { on })).toMatchObject({ outcome: 'waiting', why: 'it changed while it was read' })
  })

  test('case 51: rest that an earlier look saw counts, so that the next one does not wait', async () => {
    await peer.put(PATH, ONE, AT)
    const before = sightingOf(await look())
    seconds += 3600
    let pauses = 0
    const found = await look({}, { before, inPause: async () => (pauses += 1) })
    expect(found).toMatchObject({ outcome: 'ready' })
    expect(pauses).toBe(0)
  })

  test('SFTP-13, case 51, defect 26: of a writer that pauses within a row three times, nothing is taken before it ends', async () => {
    const parts = ['Serial,Name,Groups\nG1,One,b2', '7\nG2,"Two', '\nTwo",b2\nG3,Thr', 'ee,b3\n']
    let [written, before]: [string, Sighting | null] = ['', null]
    for (const [index, part] of parts.entries()) {
      written += part
      await peer.put(PATH, written)
      const found = await look({}, { before })
      // It rests for longer than the polls take, and for less than a file that ends within a row must.
      seconds += 300
      const again = await look({}, { before: sightingOf(found) })
      before = sightingOf(again)
      const isLast = index === parts.length - 1
      expect([found.outcome, again.outcome]).toEqual(isLast ? ['ready', 'ready'] : ['waiting', 'waiting'])
    }
  })

  test('case 51: a file that ends within a row and is left so for long is taken in the end', async () => {
    await peer.put(PATH, 'G1,b1,,N,b2')
    const first = await look()
    expect(first).toMatchObject({ outcome: 'waiting', why: expect.stringContaining('within a row') })
    seconds += 1000
    await expect(look({}, { before: sightingOf(first) })).resolves.toMatchObject({ outcome: 'ready' })
  })

  test('a file that is too large is refused before it is held', async () => {
    await peer.put(PATH, 'x'.repeat(5000))
    await expect(look({ maxBytes: 1000 })).rejects.toMatchObject({ code: 'SFTP_TOO_LARGE' })
  })

  test('a file that may not be read is an error, not a missing file', async (context) => {
    await peer.put(PATH, ONE)
    const server = await peer.deniedReading(PATH)
    if (server === null) return context.skip('skipped: needs a user who may not read')
    const on = await openSftp(server, { signal })
    try {
      await expect(look({}, { on })).rejects.toMatchObject({ code: 'SFTP_DENIED', retry: 'never' })
    } finally {
      await on.close()
    }
    return undefined
  })

  test('a missing folder is a missing file', async () => {
    await expect(look({ path: 'Elsewhere/file.csv' })).resolves.toMatchObject({ outcome: 'missing' })
  })
}
