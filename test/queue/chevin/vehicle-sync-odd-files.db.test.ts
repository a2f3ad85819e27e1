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

test.for([
  { name: 'empty', content: '', state: 'rejected', says: 'it is empty' },
  { name: 'a mark and nothing else', content: '\ufeff\n', state: 'rejected', says: 'it is empty' },
  { name: 'line ends alone', content: '\r\n\r\n', state: 'rejected', says: 'it is empty' },
  { name: 'a header alone', content: csv(), state: 'applied', says: '0 changed, 0 unchanged, 0 rejected' },
  { name: 'full of zeros', content: '\0'.repeat(100), state: 'rejected', says: 'byte 1 is zero' },
  {
    name: 'a page of HTML',
    content: '<html><body>Login</body></html>\n',
    state: 'rejected',
    says: 'no row that can be read',
  },
])('case 53: a file that is $name ends as $state', async ({ content, state, says }) => {
  const sync = await open({ updates: { unfinished_seconds: 0 } })
  sync.drop(content)
  expect(await sync.apply()).toMatchObject({ state, explanation: expect.stringContaining(says) })
  expect(names(sync, state === 'rejected' ? 'rejected' : 'processed')).toHaveLength(1)
  expect(sync.sets()).toBe(0)
})

test('a file above the limit is not held, is told with the setting, and stays', async () => {
  const sync = await open({ updates: { max_file_mb: 0.01 } })
  sync.drop(`${csv(['b100', 'New name'])}${'\r\n'.repeat(6000)}`)
  await expect(sync.apply()).rejects.toMatchObject({
    code: 'SFTP_TOO_LARGE',
    retry: 'never',
    message: expect.stringContaining('max_file_mb'),
  })
  expect(sync.sftp.files.read(FILE)).not.toBeNull()
  expect(sync.sets()).toBe(0)
})

test('case 53: cells and columns without measure are refused by row, and nothing of them is told at length', async () => {
  const sync = await open()
  const huge = 'x'.repeat(5_000_000)
  sync.drop(
    csv(
      ['b100', 'New name'],
      ['b101', huge],
      ['b102', '', `c2|${'g|'.repeat(100_000)}${huge}`],
      [huge, 'No such'],
      ['b103', '', '', huge],
    ) + `,b104,,${','.repeat(10_000)}\r\nSerial,ID,VIN,Name,Groups\r\n${huge},,,Nobody,\r\n`,
  )
  const output = await sync.apply()
  const rows = await sync.results(output)
  expect(rows.map(({ line, result, reasons: [reason] }) => [line, result, reason])).toEqual([
    [2, 'applied', 'NAME_DIFFERS'],
    [3, 'rejected', 'NAME_TOO_LONG'],
    [4, 'applied', 'GROUPS_DIFFERS'],
    [5, 'rejected', 'ID_UNKNOWN'],
    [6, 'rejected', 'VIN_TOO_LONG'],
    [7, 'rejected', 'ROW_UNREADABLE'],
    [8, 'rejected', 'ID_UNKNOWN'],
    [9, 'rejected', 'SERIAL_UNKNOWN'],
  ])
  expect(JSON.stringify(rows).length).toBeLessThan(10_000)
})

test('a header of ten thousand columns is read, and told in a line', async () => {
  const sync = await open()
  const more = Array.from({ length: 10_000 }, (_, at) => `Column ${at}`)
  sync.drop(`ID,Name,${more.join(',')}\nb100,New name,${more.map(() => '').join(',')}\n`)
  const { plan, results } = await sync.apply()
  expect(results).toMatchObject({ applied: 1 })
  expect(plan?.warnings.join('').length).toBeLessThan(1000)
})
