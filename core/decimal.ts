/**
 * An exact decimal number, held as a bigint that counts units of 10^-8: `1.50` is `150000000n`. `+`, `-`, `<` and
 * `===` are the native operators; everything that changes the scale goes through the functions of this file.
 * The mark is optional so that the bigint an operator returns is a Decimal again without a cast.
 */
export type Decimal = bigint & { readonly scale?: 8 }

/** Decimal places that a Decimal holds; more are rounded away when a text is parsed. */
const DECIMAL_PLACES = 8

const POWERS = Array.from({ length: 33 }, (_, exponent) => 10n ** BigInt(exponent))
const NUMBER_POWERS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)
const power = (exponent: number) => POWERS[exponent] ?? 10n ** BigInt(exponent)

export const ZERO: Decimal = 0n
export const ONE: Decimal = power(DECIMAL_PLACES)

/** Longest run of digits that a double holds without change. */
const SAFE_DIGITS = 15
/** Digits before the point; a text with more is not taken for a quantity of anything. */
const MOST_INTEGER_DIGITS = 30

const DIGIT_0 = 48
const DIGIT_9 = 57
const POINT = 46
const MINUS = 45
const PLUS = 43

/**
 * The number that a text writes in plain or scientific notation (`-12.50`, `.5`, `1e3`), rounded half up (away from
 * zero) to 8 places; null when it is not exactly one number or has more than 30 digits before the point.
 */
export function parseDecimal(text: string): Decimal | null {
  const first = text.charCodeAt(0)
  const start = first === MINUS || first === PLUS ? 1 : 0
  let digits = 0
  let whole = 0
  let point = -1
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= DIGIT_0 && code <= DIGIT_9) {
      whole = whole * 10 + (code - DIGIT_0)
      digits++
    } else if (code === POINT && point < 0) point = digits
    else return parseLongHand(text)
  }
  const places = point < 0 ? 0 : digits - point
  if (digits === 0 || digits > SAFE_DIGITS || places > DECIMAL_PLACES) return parseLongHand(text)
  return BigInt(first === MINUS ? -whole : whole) * power(DECIMAL_PLACES - places)
}

const NUMBER = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,9}))?$/i

function parseLongHand(text: string): Decimal | null {
  const match = NUMBER.exec(text)
  if (match === null) return null
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  if (whole === '' && fraction === '') return null
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return ZERO
  // The number is 0.digits x 10^integerDigits.
  const integerDigits = digits.length - fraction.length + Number(exponent)
  if (integerDigits > MOST_INTEGER_DIGITS) return null
  const kept = integerDigits + DECIMAL_PLACES
  if (kept < 0) return ZERO
  const units = BigInt(digits.slice(0, kept).padEnd(kept, '0') || '0')
  const roundsUp = digits.charCodeAt(kept) >= DIGIT_0 + 5
  const magnitude = roundsUp ? units + 1n : units
  return sign === '-' ? -magnitude : magnitude
}

/** The decimal that a double is written as (0.1 is exactly 0.1); null when it is not finite or beyond 10^30. */
export function decimalFromNumber(value: number): Decimal | null {
  const units = Math.round(value * 1e8)
  // Below 10^15 units one decimal only belongs to each double, so that the way back proves the way there.
  if (units < 1e15 && units > -1e15 && units / 1e8 === value) return BigInt(units)
  return parseDecimal(String(value))
}

/** Rounds half up (away from zero) to at most 8 places. */
export function roundTo(value: Decimal, places: number): Decimal {
  const unit = power(DECIMAL_PLACES - places)
  return divideRounded(value, unit) * unit
}

/** a x b, rounded half up (away from zero) to `places`. */
export function multiply(a: Decimal, b: Decimal, places = DECIMAL_PLACES): Decimal {
  return divideRounded(a * b, power(2 * DECIMAL_PLACES - places)) * power(DECIMAL_PLACES - places)
}

/** a / b, rounded half up (away from zero) to `places`. Throws a RangeError when b is zero. */
export function divide(a: Decimal, b: Decimal, places = DECIMAL_PLACES): Decimal {
  return divideRounded(a * power(places), b) * power(DECIMAL_PLACES - places)
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const rest = dividend - quotient * divisor
  if (rest === 0n) return quotient
  if (absolute(rest) * 2n < absolute(divisor)) return quotient
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n
}

/** The number without its sign. */
export function absolute(value: Decimal): Decimal {
  return value < 0n ? 0n - value : value
}

/** Order for sorting: negative when a comes first. */
export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Text with exactly `places` decimals (at most 8), rounded half up (away from zero): `450.01`. */
export function formatFixed(value: Decimal, places: number): string {
  if (value === ZERO) return ZERO_TEXTS[places] ?? '0'
  const number = Number(value)
  const magnitude = number < 0 ? -number : number
  if (magnitude > MOST_FAST_UNITS) return formatLarge(value, places)
  const units = Math.floor(magnitude / (NUMBER_POWERS[DECIMAL_PLACES - places] ?? 1) + 0.5)
  const scale = NUMBER_POWERS[places] ?? 1
  const whole = Math.floor(units / scale)
  const text = places === 0 ? `${whole}` : `${whole}.${fractionText(units - whole * scale, places)}`
  return number < 0 && units > 0 ? `-${text}` : text
}

// Up to here (100,000 and all its decimals) dividing doubles cannot move a number over a rounding limit.
const MOST_FAST_UNITS = 1e13

const ZERO_TEXTS = Array.from({ length: DECIMAL_PLACES + 1 }, (_, places) =>
  places === 0 ? '0' : `0.${'0'.repeat(places)}`,
)
const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'))

function fractionText(fraction: number, places: number): string {
  if (places === 2) return TWO_DIGITS[fraction] ?? ''
  if (places === 4) {
    const last = fraction % 100
    return (TWO_DIGITS[(fraction - last) / 100] ?? '') + (TWO_DIGITS[last] ?? '')
  }
  return String(fraction).padStart(places, '0')
}

function formatLarge(value: Decimal, places: number): string {
  const digits = absolute(divideRounded(value, power(DECIMAL_PLACES - places)))
    .toString()
    .padStart(places + 1, '0')
  const point = digits.length - places
  const text = places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return value < 0n ? `-${text}` : text
}

/** Shortest text: `450.01`, `2.5`, `40`. */
export function formatTrimmed(value: Decimal): string {
  return formatFixed(value, DECIMAL_PLACES).replace(/\.?0+$/, '')
}

/**
 * Splits a total in proportion to weights, each part a multiple of 10^-places, by largest remainder: the parts add up
 * to the total (rounded to `places`) exactly, and of equal remainders the earlier one gets the odd unit. A negative
 * total is split by its absolute value and negated. When all weights are zero, the split is equal. No weights, no parts.
 *
 * @throws RangeError when a weight is negative.
 */
export function allocate(total: Decimal, weights: readonly Decimal[], places: number): Decimal[] {
  const unit = power(DECIMAL_PLACES - places)
  const units = absolute(divideRounded(total, unit))
  const sign = total < 0n ? -unit : unit
  if (weights.length === 1 && (weights[0] ?? 0n) >= 0n) return [units * sign]
  const sum = weights.reduce((a, b) => a + b, 0n)
  const shares = weights.map((weight, index) => {
    if (weight < 0n) throw new RangeError(`weight ${index + 1} of ${weights.length} is negative`)
    const scaled = units * (sum === 0n ? 1n : weight)
    const divisor = sum === 0n ? BigInt(weights.length) : sum
    const share = scaled / divisor
    return { index, units: share, rest: scaled - share * divisor }
  })
  let left = Number(units - shares.reduce((given, share) => given + share.units, 0n))
  if (left > 0) {
    const largestFirst = shares.toSorted((a, b) => compare(b.rest, a.rest) || a.index - b.index)
    for (const share of largestFirst) {
      if (left-- <= 0) break
      share.units += 1n
    }
  }
  return shares.map((share) => share.units * sign)
}
