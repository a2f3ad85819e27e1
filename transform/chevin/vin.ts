// A character's value is the last digit of its place in this line.
const PLACES = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ'
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

/** A VIN as it is compared and written: without spaces around it, in capitals. */
export function normalisedVin(text: string): string {
  return text.trim().toUpperCase()
}

/** What is odd about a VIN, or null. Trailers and old vehicles have odd ones, so that it is never more than a warning. */
export function vinWarning(vin: string): string | null {
  if (vin.length !== 17) return `the VIN has ${vin.length} characters, not 17`
  if (!/^[A-HJ-NPR-Z0-9]{17}$/.test(vin)) return 'the VIN holds characters that no VIN has'
  const sum = WEIGHTS.reduce((total, weight, at) => total + (PLACES.indexOf(vin.charAt(at)) % 10) * weight, 0)
  const digit = sum % 11 === 10 ? 'X' : String(sum % 11)
  return digit === vin[8] ? null : `the VIN's check digit is ${vin[8]}, but would have to be ${digit}`
}
