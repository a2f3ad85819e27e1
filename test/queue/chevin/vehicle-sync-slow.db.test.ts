import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { csv, FILE, type TestSync, type TestSyncOptions } from '../../support/vehicle-sync.ts'
import { openThirty } from '../../support/thirty-devices.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const open = (options: Partial<TestSyncOptions> = {}) => openThirty(database, options)

const names = (sync: TestSync, folder: string) => sync.sftp.files.names(`Export/geotab/${folder}`)

const everybody = (count: number) =>
  csv(...Array.from({ length: count }, (_, at): [string, string] => [`b${at + 100}`, `Moved ${at}`]))
const lineByLine = { shrunk_seconds: 900, unfinished_seconds: 900, max_devices: 1000, max_percent: 100 }

test('SFTP-13, case 51, defect 26: a writer that pauses within a row three times changes nothing before it ends, and each device once after', async () => {
  const sync = await open({ updates: lineByLine })
  const whole = everybody(4)
  // Within a name, between CR and LF, and before the last line end.
  const cuts = [55, 60, 93]
  for (const cut of cuts) {
    expect(whole.slice(0, cut)).not.toMatch(/\n$/)
    sync.drop(whole.slice(0, cut))
    // Looked at several times in each pause, which is shorter than what a file that ends within a row must rest.
    for (const seconds of [0, 60, 600]) {
      sync.pass(seconds)
      expect(await sync.apply()).toMatchObject({
        state: 'waiting',
        explanation: expect.stringContaining('within a row'),
      })
    }
  }
  expect(sync.sets()).toBe(0)
  const { rows } = await sql`
    select from raw.chevin__vehicle_files where connection = ${sync.connection}
  `.execute(database.db)
  expect(rows).toEqual([])
  sync.drop(whole)
  expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 4, rejected: 0 } })
  expect(sync.sets()).toBe(4)
})

test('case 51: a file cut between two rows has fewer of them than the one before, and waits for its rest', async () => {
  const sync = await open({ updates: lineByLine })
  sync.drop(csv(...Array.from({ length: 10 }, (_, at): [string] => [`b${at + 100}`])))
  await sync.apply()
  const lines = everybody(10).split(/(?<=\n)/)
  sync.drop(lines.slice(0, 6).join(''))
  for (const seconds of [0, 300, 300]) {
    sync.pass(seconds)
    const output = await sync.apply()
    expect(output).toMatchObject({
      state: 'waiting',
      explanation: expect.stringContaining('it has 5 row(s) and the file before had 10'),
    })
  }
  expect(sync.sets()).toBe(0)
  sync.drop(lines.join(''))
  expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 10 } })
})

test('case 51: a file that is shorter for good is taken once it has rested', async () => {
  const sync = await open({ updates: lineByLine })
  sync.drop(everybody(10))
  await sync.apply()
  sync.drop(csv(['b100', 'Another']))
  expect(await sync.apply()).toMatchObject({ state: 'waiting' })
  sync.pass(900)
  expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 1 } })
})

test('case 51: with a done-marker, or where that is set, a shorter file is taken at once', async () => {
  const marker = `${FILE}.done`
  for (const updates of [
    { ...lineByLine, marker },
    { ...lineByLine, shrunk_seconds: 0 },
  ]) {
    const sync = await open({ updates })
    sync.drop(everybody(10))
    sync.sftp.files.put(marker, '')
    await sync.apply()
    sync.drop(csv(['b100', 'Another']))
    sync.sftp.files.put(marker, '')
    expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 1 } })
  }
})

test('case 51: a first file cut between two rows does no harm: what was written is carried out, and the rest comes as the next content', async () => {
  const sync = await open({ updates: lineByLine })
  const lines = everybody(6).split(/(?<=\n)/)
  sync.drop(lines.slice(0, 4).join(''))
  const { file } = await sync.apply()
  expect(sync.sets()).toBe(3)
  expect(sync.device('b105').name).toBe('Unit b105')
  // The writer holds the file open, wherever it stands now.
  sync.sftp.files.put(file?.archived_as ?? '', lines.join(''))
  expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 3, unchanged: 3 } })
  expect(sync.device('b105').name).toBe('Moved 5')
  expect(sync.sets()).toBe(6)
  expect(names(sync, 'processed')).toHaveLength(1)
})

test('case 51: a file that is not complete for hours is told of by an alert, until it is', async () => {
  const sync = await open({ updates: lineByLine })
  const alerts = async () => {
    const { rows } = await sql<{ message: string; is_open: boolean }>`
      select message, ended_at is null as is_open from ops.alerts
      where kind = 'vehicle_file_waiting' and subject = ${sync.connection}
    `.execute(database.db)
    return rows
  }
  const whole = everybody(3)
  for (const [nth, cut] of [50, 51, 52, 53].entries()) {
    sync.drop(whole.slice(0, cut))
    expect(await sync.apply()).toMatchObject({ state: 'waiting' })
    expect(await alerts()).toHaveLength(nth === 3 ? 1 : 0)
    sync.pass(3600)
  }
  expect(await alerts()).toEqual([{ message: expect.stringContaining('not been complete for 3 hours'), is_open: true }])
  sync.drop(whole)
  expect(await sync.apply()).toMatchObject({ state: 'applied' })
  expect(await alerts()).toEqual([{ message: expect.any(String), is_open: false }])
})
