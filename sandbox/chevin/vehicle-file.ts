import { drawVin } from '../fullbay/vin.ts'
import { Random, seedOf } from '../random.ts'

/** A device as the file's writer knows it. */
export interface FileDevice {
  id: string
  serialNumber: string
  name: string
  vin: string
  groupIds: readonly string[]
  isArchived: boolean
}

export interface VehicleFileOptions {
  seed: string
  devices: readonly FileDevice[]
  /** Ids of the groups that may be given, and of some that may not. */
  changeable: readonly string[]
  fixed: readonly string[]
  /** How many devices are to change. */
  changes: number
  /** Whether rows are strewn in that have to be refused or told of. */
  nasty?: boolean
  header?: 'yes' | 'no' | 'shuffled'
  lineEnd?: '\r\n' | '\n'
  encoding?: 'utf-8' | 'utf-8-bom' | 'windows-1252'
}

interface Row {
  serial: string
  id: string
  vin: string
  name: string
  groups: string
}

const COLUMNS = ['serial', 'id', 'vin', 'name', 'groups'] as const
const TITLES: Record<(typeof COLUMNS)[number], string> = {
  serial: 'SerialNumber',
  id: 'ID',
  vin: 'VIN',
  name: 'Name',
  groups: 'Groups',
}

/**
 * A vehicle file as Chevin's FleetWave exports it: the whole fleet, of which some vehicles have a new name, VIN or
 * groups, and, when `nasty`, one of everything that such files were seen to hold. The same options give the same bytes.
 */
export function vehicleFile(options: VehicleFileOptions): Buffer {
  const { devices, changes, nasty = false, header = 'yes', lineEnd = '\r\n', encoding = 'utf-8' } = options
  const random = new Random(seedOf('vehicle file', options.seed))
  const active = shuffled(
    random,
    devices.filter((device) => !device.isArchived),
  )
  const changed = new Set(active.slice(0, changes))
  const columns = header === 'shuffled' ? shuffled(random, [...COLUMNS]) : COLUMNS
  const line = (row: Row) => columns.map((column) => quoted(row[column])).join(',')
  const lines = devices
    .filter((device) => !device.isArchived)
    .map((device) => line(changed.has(device) ? changedRow(random, device, options) : rowOf(device)))
  if (nasty)
    for (const text of nastyLines(random, devices, options, line)) lines.splice(random.int(0, lines.length), 0, text)
  if (header !== 'no') lines.unshift(columns.map((column) => TITLES[column]).join(','))
  const text = `${lines.join(lineEnd)}${lineEnd}${nasty ? lineEnd + lineEnd : ''}`
  if (encoding === 'windows-1252') return Buffer.from(text, 'latin1')
  return Buffer.from(encoding === 'utf-8-bom' ? `\ufeff${text}` : text)
}

const rowOf = ({ id, serialNumber, vin, name, groupIds }: FileDevice): Row => ({
  serial: serialNumber,
  id,
  vin,
  name,
  groups: groupIds.join('|'),
})

function changedRow(random: Random, device: FileDevice, { changeable }: VehicleFileOptions): Row {
  const row = rowOf(device)
  const kind = random.int(0, 3)
  if (kind === 0) row.name = `${device.name} (${random.int(100, 999)})`.slice(-50).trim()
  if (kind === 1) row.vin = drawVin(random, '1FT', 2024)
  if (kind >= 2 && changeable.length > 0) {
    const kept = device.groupIds.filter((group) => !changeable.includes(group))
    const other = changeable.filter((group) => !device.groupIds.includes(group))
    const held = device.groupIds.filter((group) => changeable.includes(group))
    // A group taken away alone, and one in place of the others.
    if (kind === 3 && held.length > 0 && kept.length > 0) row.groups = kept.join('|')
    else if (other.length > 0) row.groups = [...kept, random.pick(other)].join('|')
  }
  if (row.name === device.name && row.vin === device.vin && row.groups === rowOf(device).groups) {
    row.name = `${device.name.slice(0, 40)} (new)`
  }
  return row
}

/** Lines that a reader has to refuse or to tell of, and none that changes a device. */
function nastyLines(
  random: Random,
  devices: readonly FileDevice[],
  { fixed }: VehicleFileOptions,
  line: (row: Row) => string,
): string[] {
  const active = devices.filter((device) => !device.isArchived)
  const archived = devices.find((device) => device.isArchived)
  const [one, other, third] = [random.pick(active), random.pick(active), random.pick(active)]
  const empty = { serial: '', id: '', vin: '', name: '', groups: '' }
  return [
    line({ ...empty, serial: 'G99900000001', name: 'Nobody knows me' }),
    line({ ...empty, serial: 'G99900000002', name: 'Smith, "Bob"\nand a second line' }),
    line({ ...empty, id: 'bFFFFF', name: 'No such device' }),
    line({ ...empty, serial: one.serialNumber, id: other === one ? 'bFFFFE' : other.id, name: 'Contradiction' }),
    line({ ...empty, name: 'Neither serial nor ID' }),
    // A blank name, VIN and groups leave everything as it is.
    line({ ...empty, serial: third.serialNumber, name: third.name, vin: third.vin, groups: third.groupIds.join('|') }),
    ...(archived === undefined ? [] : [line({ ...rowOf(archived), name: 'Sold long ago' })]),
    ...(fixed[0] === undefined ? [] : [line({ ...empty, serial: 'G99900000003', groups: `${fixed[0]}|bDEAD` })]),
    'G99900000004,too,few',
    'G99900000005,b1,,too many, columns, by far,b2',
    'G99900000006,,"1FT"x,broken quotes,',
    'G99900000007,,,a "quote" within,',
  ]
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const rest = [...items]
  const result: Item[] = []
  while (rest.length > 0) result.push(...rest.splice(random.int(0, rest.length - 1), 1))
  return result
}
