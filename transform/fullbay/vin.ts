/** A VIN in one spelling: upper case, no spaces. */
export function normaliseVin(vin: string): string {
  return vin.replace(/\s+/g, '').toUpperCase()
}

const SHAPE = /^[A-HJ-NPR-Z0-9]{17}$/
// Value of each letter and weight of each place, as 49 CFR 565.15 (c) gives them; I, O and Q do not occur.
const LETTERS = 'ABCDEFGH.JKLMN.P.R.STUVWXYZ'
const VALUES = '12345678.12345.7.9.23456789'
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
const CHECK_PLACE = 8

/** Whether a normalised VIN has 17 allowed characters and the right check digit at the ninth place. */
export function isValidVin(vin: string): boolean {
  if (!SHAPE.test(vin)) return false
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * valueOf(vin.charAt(place)), 0)
  const remainder = sum % 11
  return vin.charAt(CHECK_PLACE) === (remainder === 10 ? 'X' : String(remainder))
}

function valueOf(character: string): number {
  const letter = LETTERS.indexOf(character)
  return Number(letter < 0 ? character : VALUES.charAt(letter))
}
