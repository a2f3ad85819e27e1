import { normalisedVin } from './vin.ts'

/** A row of the vehicle file as it landed; a column that the file does not have is absent. */
export interface FileRow {
  line: number
  values: { serial?: string; id?: string; vin?: string; name?: string; groups?: string }
}

/** What a row asks for. Null: the file says nothing of it; '' or []: it says that there is none. */
export interface VehicleRow {
  line: number
  deviceId: string
  serialNumber: string
  vin: string | null
  name: string | null
  /** Ids or names of groups, in the row's order, each once. */
  groups: string[] | null
  /** Of the name, which was cleaned of line ends and the like. */
  isNameCleaned: boolean
}

export function toVehicleRow({ line, values }: FileRow): VehicleRow {
  const name = values.name?.normalize('NFC').trim()
  const clean = name?.replaceAll(/\s+/g, (space) => (/^ +$/.test(space) ? space : ' '))
  const groups = values.groups?.split('|').map((token) => token.trim())
  return {
    line,
    deviceId: values.id?.trim() ?? '',
    serialNumber: values.serial?.trim() ?? '',
    vin: values.vin === undefined ? null : normalisedVin(values.vin),
    name: clean ?? null,
    groups: groups === undefined ? null : [...new Set(groups.filter((token) => token !== ''))],
    isNameCleaned: clean !== name,
  }
}

/** What makes two rows ask for the same. */
export function sameWish(a: VehicleRow, b: VehicleRow): boolean {
  return wish(a) === wish(b)
}

const wish = ({ vin, name, groups }: VehicleRow) =>
  JSON.stringify([vin, name, groups === null ? null : [...groups].sort()])
