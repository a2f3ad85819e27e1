import type { Random } from '../random.ts'

const SYMBOLS = '0123456789ABCDEFGHJKLMNPRSTUVWXYZ'
// ISO 3779: each letter's value, by its place in SYMBOLS (I, O and Q are not used).
const VALUES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9]
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
const YEAR_CODES = 'ABCDEFGHJKLMNPRSTVWXY123456789'
const FIRST_CODED_YEAR = 2010
const DESCRIPTORS = 'ABDGHJKLMPRST1234579'.split('')
const PLANTS = 'DHLNPS'.split('')

/** The ninth character that the other sixteen of a VIN ask for. */
export function checkDigit(vin: string): string {
  let sum = 0
  for (let at = 0; at < 17; at += 1) sum += (VALUES[SYMBOLS.indexOf(vin.charAt(at))] ?? 0) * (WEIGHTS[at] ?? 0)
  const rest = sum % 11
  return rest === 10 ? 'X' : String(rest)
}

/** A made-up VIN of a manufacturer (the first three characters) and model year, with a right check digit. */
export function drawVin(random: Random, manufacturer: string, year: number): string {
  let descriptor = ''
  for (let at = 0; at < 5; at += 1) descriptor += random.pick(DESCRIPTORS)
  const coded = YEAR_CODES.charAt((year - FIRST_CODED_YEAR + YEAR_CODES.length) % YEAR_CODES.length)
  const serial = String(random.int(1, 999_999)).padStart(6, '0')
  const start = `${manufacturer}${descriptor}`
  const end = `${coded}${random.pick(PLANTS)}${serial}`
  return `${start}${checkDigit(`${start}0${end}`)}${end}`
}
