import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readResult } from '../../../load/geotab/plans.ts'
import { openAlerts } from '../../../queue/alerts.ts'
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

test('case 52, defect 26: the same content again is a no-op that is noted, also under another time', async () => {
  const sync = await open()
  const content = csv(['b100', 'New name'])
  sync.drop(content)
  await sync.apply()
  sync.edit('b100', { name: 'A person says so' })
  sync.pass(3600)
  sync.drop(content)
  expect(await sync.apply()).toMatchObject({ state: 'same' })
  expect(sync.device('b100').name).toBe('A person says so')
  expect(sync.sets()).toBe(1)
  const { rows } = await sql`
    select times_seen from raw.chevin__vehicle_files where connection = ${sync.connection}
  `.execute(database.db)
  expect(rows).toEqual([{ times_seen: 2 }])
})

test('case 52: content that comes back after another is carried out anew', async () => {
  const sync = await open()
  for (const name of ['One', 'Two', 'One']) {
    sync.pass(3600)
    sync.drop(csv(['b100', name]))
    expect(await sync.apply()).toMatchObject({ state: 'applied' })
    expect(sync.device('b100').name).toBe(name)
  }
})

test('case 62: what is dealt with is moved to processed/, under a name with time and hash, and kept here with its result', async () => {
  const sync = await open()
  const content = csv(['b100', 'New name'], ['b999', 'Nobody'])
  sync.drop(content)
  const output = await sync.apply()
  const [name = ''] = names(sync, 'processed')
  expect(name).toBe(`20260320T120000Z_${output.file?.sha256.slice(0, 8)}_fwgeotabinfo.csv`)
  expect(output.file?.archived_as).toBe(`Export/geotab/processed/${name}`)
  expect(sync.sftp.files.read(`Export/geotab/processed/${name}`)?.toString()).toBe(content)
  expect(sync.sftp.files.read(FILE)).toBeNull()
  const { rows } = await sql<{ content: Buffer }>`
    select content from raw.chevin__vehicle_files where connection = ${sync.connection}
  `.execute(database.db)
  expect(rows[0]?.content.toString()).toBe(content)
  const result = await readResult(database.db, output.plan?.plan_id ?? '')
  const lines = result?.content.toString().split('\r\n') ?? []
  expect(lines[1]).toContain('2,,b100,b100,applied,name,Unit b100,New name')
  expect(lines[2]).toMatch(/^3,,b999,,rejected,.*ID_UNKNOWN/)
  expect(await sync.apply()).toMatchObject({ state: 'missing' })
})

test('case 53: an undecodable file is rejected whole, told, moved to rejected/ and changes nothing', async () => {
  const sync = await open()
  sync.drop(Buffer.from(csv(['b100', 'New name']), 'utf16le'))
  expect(await sync.apply()).toMatchObject({ state: 'rejected', explanation: expect.stringContaining('zero') })
  expect(names(sync, 'rejected')).toEqual([expect.stringMatching(/^20260320T120000Z_[0-9a-f]{8}_fwgeotabinfo\.csv$/)])
  expect(sync.sets()).toBe(0)
  expect(await openAlerts(database.db)).toContainEqual(
    expect.objectContaining({ kind: 'vehicle_file_rejected', subject: sync.connection }),
  )
})

test('case 53: bad rows are quarantined with line, field and reason; the good ones go on', async () => {
  const sync = await open()
  sync.drop(`${csv(['b100', 'New, name'.replace(',', '')])}G1,too few\r\n,b101,,"Caf\u00e9, No. 1",\r\n`)
  const output = await sync.apply()
  expect(output.results).toMatchObject({ applied: 2, rejected: 1 })
  expect(sync.device('b101').name).toBe('Café, No. 1')
  const quarantined = () =>
    sql`
      select path, message, payload ->> 'text' as text from ops.quarantine
      where feed = 'chevin.vehicles' and connection = ${sync.connection} and state = 'open'
    `.execute(database.db)
  expect((await quarantined()).rows).toEqual([
    { path: 'line 3, row', message: '2 columns where 5 are expected', text: 'G1,too few' },
  ])
  sync.drop(csv(['b100', 'Another name']))
  await sync.apply()
  expect((await quarantined()).rows).toEqual([])
})

test('every row lands in raw under the hash of its file', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New name'], ['b999', 'Nobody']))
  const { file } = await sync.plan()
  const { rows } = await sql`
    select record_key, payload from raw.chevin__vehicle_rows where connection = ${sync.connection} order by 1
  `.execute(database.db)
  const values = { serial: '', vin: '', groups: '' }
  expect(rows).toEqual([
    {
      record_key: `${file?.sha256}/0000002`,
      payload: { file: file?.sha256, line: 2, values: { ...values, id: 'b100', name: 'New name' } },
    },
    {
      record_key: `${file?.sha256}/0000003`,
      payload: { file: file?.sha256, line: 3, values: { ...values, id: 'b999', name: 'Nobody' } },
    },
  ])
})

test('looking at a plan moves no file', async () => {
  const sync = await open()
  sync.drop(Buffer.from('PK\u0003\u0004 a workbook\n', 'latin1'))
  expect(await sync.plan()).toMatchObject({ state: 'rejected', file: { archived_as: null } })
  expect(sync.sftp.files.read(FILE)).not.toBeNull()
  expect(await sync.apply()).toMatchObject({ state: 'same' })
  expect(names(sync, 'rejected')).toHaveLength(1)
})

test('case 62: a move of which the answer was lost is noted by the next call', async () => {
  const sync = await open()
  sync.sftp.faults.set({ fault: 'loseReply', operation: 'rename', times: 1 })
  sync.drop(csv(['b100', 'New name']))
  expect(await sync.apply()).toMatchObject({ state: 'applied', file: { archived_as: null } })
  expect(await sync.apply()).toMatchObject({ state: 'missing' })
  const { rows } = await sql`
    select archived_at is not null as archived, archive_problem from raw.chevin__vehicle_files
    where connection = ${sync.connection}
  `.execute(database.db)
  expect(rows).toEqual([{ archived: true, archive_problem: null }])
  expect((await openAlerts(database.db)).filter(({ subject }) => subject === sync.connection)).toEqual([])
})
