import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSftp, type SftpSession } from '../../../core/sftp/session.ts'
import { lookAtVehicleFile, type Sighting, type VehicleFileRules } from '../../../extract/chevin/vehicle-file.ts'
import type { SftpSandbox } from '../../../sandbox/sftp/server.ts'
import { sandboxServer, startSandbox } from '../../load/sftp/peer.ts'

const PATH = 'Export/geotab/fwgeotabinfo.csv'
const RULES: VehicleFileRules = {
  path: PATH,
  markerPath: null,
  polls: 3,
  settleSeconds: 10,
  unfinishedSeconds: 900,
  maxBytes: 1_000_000,
}

let sandbox: SftpSandbox
let session: SftpSession
let seconds = 0
const now = () => new Date(Date.UTC(2026, 2, 20, 12) + seconds * 1000)
const { signal } = new AbortController()

beforeAll(async () => {
  sandbox = await startSandbox()
  session = await openSftp(sandboxServer(sandbox), { signal })
})
afterAll(async () => {
  await session.close()
  await sandbox.close()
})

/** Looks once; what happens in a pause is the test's to say, and takes no time. */
function look(
  rules: Partial<VehicleFileRules> = {},
  before: Sighting | null = null,
  inPause?: (pause: number) => void,
) {
  let pauses = 0
  return lookAtVehicleFile(
    session,
    { ...RULES, ...rules },
    {
      signal,
      now,
      before,
      async pause(length) {
        pauses += 1
        seconds += length
        inPause?.(pauses)
      },
    },
  )
}

test('case 51: a file that is not there is missing, and so is one whose marker is not there', async () => {
  await expect(look({ path: 'Export/geotab/none.csv' })).resolves.toMatchObject({ outcome: 'missing' })
  sandbox.files.put(PATH, 'G1,b1,,N,\n')
  await expect(look({ markerPath: `${PATH}.done` })).resolves.toEqual({
    outcome: 'missing',
    what: `the marker ${PATH}.done`,
  })
  sandbox.files.put(`${PATH}.done`, '')
  await expect(look({ markerPath: `${PATH}.done` })).resolves.toMatchObject({ outcome: 'ready' })
})

test('case 51: a marker that was there before the file was written says nothing of it', async () => {
  sandbox.files.put(PATH, 'G1,b1,,N,\n')
  sandbox.files.put(`${PATH}.done`, '')
  const stat = session.stat.bind(session)
  const older = {
    ...session,
    async stat(path: string) {
      const found = await stat(path)
      return found !== null && path.endsWith('.done') ? { ...found, modifiedAt: new Date(0) } : found
    },
  }
  const options = { signal, now, before: null, pause: async () => {} }
  const found = await lookAtVehicleFile(older, { ...RULES, markerPath: `${PATH}.done` }, options)
  expect(found).toMatchObject({ outcome: 'waiting', why: expect.stringContaining('older than it') })
})

test('case 51: a file that looks the same three times is read, with its hash and time', async () => {
  sandbox.files.put(PATH, 'G1,b1,,N,\n')
  const found = await look()
  expect(found).toMatchObject({ outcome: 'ready', file: { path: PATH, content: Buffer.from('G1,b1,,N,\n') } })
})

test.for([1, 2])('case 51: a file that grows in pause %i waits', async (pause) => {
  sandbox.files.put(PATH, 'G1,b1,,N,\n')
  const found = await look({}, null, (at) => {
    if (at === pause) sandbox.files.put(PATH, 'G1,b1,,N,\nG2,b2,,M,\n')
  })
  expect(found).toMatchObject({ outcome: 'waiting', why: 'it changed while it was looked at' })
})

test('case 51: a file that changes while it is read waits', async () => {
  sandbox.files.put(PATH, 'G1,b1,,N,\n')
  const read = session.readFile.bind(session)
  const growing = {
    ...session,
    async readFile(path: string, maxBytes?: number) {
      const content = await read(path, maxBytes)
      sandbox.files.put(PATH, 'G1,b1,,N,\nG2,b2,,M,\n')
      return content
    },
  }
  const options = { signal, now, before: null, pause: async () => {} }
  const found = await lookAtVehicleFile(growing, RULES, options)
  expect(found).toMatchObject({ outcome: 'waiting', why: 'it changed while it was read' })
})

test('case 51: rest that an earlier look saw counts, so that the next one does not wait', async () => {
  sandbox.files.put(PATH, 'G1,b1,,N,\n')
  const first = await look()
  if (first.outcome === 'missing') throw new Error('the file is there')
  seconds += 3600
  let pauses = 0
  await expect(look({}, first.sighting, () => (pauses += 1))).resolves.toMatchObject({ outcome: 'ready' })
  expect(pauses).toBe(0)
})

test('SFTP-13, case 51, defect 26: of a writer that pauses within a row three times, nothing is taken before it ends', async () => {
  const parts = ['Serial,Name,Groups\nG1,One,b2', '7\nG2,"Two', '\nTwo",b2\nG3,Thr', 'ee,b3\n']
  let [written, before]: [string, Sighting | null] = ['', null]
  for (const [index, part] of parts.entries()) {
    written += part
    sandbox.files.put(PATH, written)
    const found = await look({}, before)
    // It rests for longer than the polls take, and for less than a file that ends within a row must.
    seconds += 300
    const again = await look({}, found.outcome === 'missing' ? null : found.sighting)
    before = again.outcome === 'missing' ? null : again.sighting
    const isLast = index === parts.length - 1
    expect([found.outcome, again.outcome]).toEqual(isLast ? ['ready', 'ready'] : ['waiting', 'waiting'])
  }
})

test('case 51: a file that ends within a row and is left so for long is taken in the end', async () => {
  sandbox.files.put(PATH, 'G1,b1,,N,b2')
  const first = await look()
  expect(first).toMatchObject({ outcome: 'waiting', why: expect.stringContaining('within a row') })
  if (first.outcome === 'missing') throw new Error('the file is there')
  seconds += 1000
  await expect(look({}, first.sighting)).resolves.toMatchObject({ outcome: 'ready' })
})

test('a file that is too large is refused before it is held', async () => {
  sandbox.files.put(PATH, 'x'.repeat(5000))
  await expect(look({ maxBytes: 1000 })).rejects.toMatchObject({ code: 'SFTP_TOO_LARGE' })
})
