// Plans a vehicle file: `node bench/sync.ts [rows]`. Prints the seconds and the memory of reading and planning, and of
// doing the same through Postgres (landing the rows, storing the plan). The file is made by another process, so that
// the memory is that of the planning.
import { spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKysely } from '../db/kysely.ts'
import { createPool } from '../db/pool.ts'
import { decodeFile } from '../extract/chevin/decode.ts'
import { readVehicleRows } from '../extract/chevin/vehicle-rows.ts'
import { landVehicleFile } from '../extract/landing-vehicles.ts'
import { storePlan } from '../load/geotab/plans.ts'
import { vehicleFile, type FileDevice } from '../sandbox/chevin/vehicle-file.ts'
import { planVehicles } from '../transform/chevin/plan.ts'
import type { VehicleRules } from '../transform/chevin/rules.ts'
import { groupTree } from '../transform/geotab/group-tree.ts'
import { openBenchDatabase } from './support/database.ts'
import { printFigures } from './support/figures.ts'

const ROWS = Number(process.argv[2] ?? 100_000)
const GROUPS = 500
// Without a limit the engine lets garbage lie for as long as there is room.
const HEAP = ['--max-old-space-size=160', '--max-semi-space-size=8']
const CHANGES = Math.round(ROWS / 10)

const ids = Array.from({ length: GROUPS }, (_, at) => `b${(0x3000 + at).toString(16).toUpperCase()}`)
const tree = groupTree([
  { group_id: 'root', name: 'Root', child_ids: ids },
  { group_id: 'fixed', name: 'Fixed', child_ids: [] },
  ...ids.map((group_id) => ({ group_id, name: `Group ${group_id}`, child_ids: [] })),
])
const fleet: FileDevice[] = Array.from({ length: ROWS }, (_, at) => ({
  id: `b${(at + 1).toString(16).toUpperCase()}`,
  serialNumber: `G9${String(at).padStart(10, '0')}`,
  name: `Unit ${at}, "spare"`,
  vin: '',
  groupIds: ['fixed', ids[at % GROUPS] ?? 'fixed'],
  isArchived: false,
}))
const rules: VehicleRules = {
  fields: ['name', 'vin', 'groups'],
  changeableRoots: ['root'],
  includeRoots: false,
  blankName: 'unchanged',
  blankVin: 'unchanged',
  blankGroups: 'unchanged',
  unknownGroup: 'ignore',
  duplicates: 'reject',
}
const given = process.argv[3]
if (given === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-bench-'))
  const path = join(folder, 'vehicles.csv')
  writeFileSync(
    path,
    vehicleFile({ seed: 'bench', devices: fleet, changeable: ids, fixed: ['fixed'], changes: CHANGES }),
  )
  const { status } = spawnSync(process.execPath, [...HEAP, import.meta.filename, String(ROWS), path], {
    stdio: 'inherit',
  })
  rmSync(folder, { recursive: true })
  process.exit(status ?? 1)
}
const content = readFileSync(given)
const devices = function* () {
  for (const { id, ...device } of fleet) yield { deviceId: id, ...device }
}

let peak = 0
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20)
const lap = () => {
  peak = Math.max(peak, process.memoryUsage().rss)
  return performance.now()
}
const before = process.memoryUsage().rss
const began = lap()
const { rows, bad } = readVehicleRows(decodeFile(content).text)
const read = lap()
const plan = planVehicles({ rows, bad, devices: devices(), tree, rules })
const planned = lap()
const pure = peak

const database = await openBenchDatabase()
try {
  const pool = createPool(database.url)
  const db = createKysely(pool)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const [connection, path, modifiedAt, runId] = ['bench', 'Export/bench.csv', new Date(), randomUUID()]
  const reading = { encoding: 'utf-8', rows, bad }
  const start = lap()
  const file = await db
    .transaction()
    .execute((trx) =>
      landVehicleFile(trx, { connection, path, sha256, content, modifiedAt, reading }, { runId, now: modifiedAt }),
    )
  const landed = lap()
  await db
    .transaction()
    .execute((trx) =>
      storePlan(trx, { connection, fileId: file.file_id, rules, changeLimit: 50, ...plan, runId }, modifiedAt),
    )
  const stored = lap()
  const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(2)} s`
  const mb = (bytes: number) => `${Math.round(bytes / 1_048_576)} MB`
  printFigures(`vehicle file of ${ROWS} rows (${mb(content.length)}), ${plan.changes} changes, ${GROUPS} groups`, [
    ['read: decode, split, header', seconds(began, read)],
    ['plan', seconds(read, planned)],
    ['read and plan', seconds(began, planned), `${mb(pure)} resident, ${mb(before)} of it before`],
    ['land the rows', seconds(start, landed)],
    ['store the plan', seconds(landed, stored)],
    ['all', seconds(began, planned + (stored - start)), `${mb(peak)} resident`],
  ])
  await pool.end()
} finally {
  clearInterval(watch)
  await database.close()
}
