// The generator counts in whole units, so that a header is the exact sum of its lines: money in cents, unit prices in
// 1/10,000 dollar, quantities in 1/1,000, hours in 1/100, percentages in 1/1,000.

/** A quotient of whole numbers, rounded half away from zero. */
export function rounded(dividend: number, divisor: number): number {
  const size = Math.abs(dividend)
  const rest = size % divisor
  const whole = (size - rest) / divisor + (rest * 2 >= divisor ? 1 : 0)
  return dividend < 0 ? -whole : whole
}

/** Cents for a quantity (1/1,000) at a unit price (1/10,000 dollar). */
export function priced(unitPrice: number, quantity: number): number {
  return rounded(unitPrice * quantity, 100_000)
}

/** Cents for hours (1/100) at an hourly rate in cents. */
export function labored(hours: number, rate: number): number {
  return rounded(hours * rate, 100)
}

/** Cents that are a percentage (1/1,000 percent) of cents. */
export function percentOf(percent: number, cents: number): number {
  return rounded(percent * cents, 100_000)
}

/** `1234.50`, or `1,234.50`. */
export function centsText(cents: number, separator = ''): string {
  const size = Math.abs(cents)
  const dollars = String(Math.floor(size / 100)).replaceAll(/\B(?=(\d{3})+$)/g, separator)
  return `${cents < 0 ? '-' : ''}${dollars}.${String(size % 100).padStart(2, '0')}`
}
