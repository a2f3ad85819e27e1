/** How the cells of a seed's column are stored. */
export interface SeedColumn {
  /** Type of the column. */
  type: string
  /** Type to which a cell's text is cast first; null for the column's own. */
  cast: string | null
  cells: (string | null)[]
}

/** Reads a cell as text that Postgres understands; null for no value, undefined when it is of another type. */
type Reader = (cell: string) => string | null | undefined

/**
 * The type that dbt gives to a column of a CSV file: the first of integer or float8, date, timestamp, boolean and text
 * that all its cells fit. Unlike dbt it leaves ISO dates by week, day of year, month or century (`20T10`) as text.
 */
export function inferColumn(cells: string[]): SeedColumn {
  const numbers = readAll(cells, readNumber)
  if (numbers !== null) {
    const isWhole = numbers.every((number) => number === null || !hasDecimals(number))
    return { type: isWhole ? 'integer' : 'float8', cast: 'numeric', cells: numbers }
  }
  const dates = readAll(cells, readDate)
  if (dates !== null) return { type: 'date', cast: 'date', cells: dates }
  const times = readAll(cells, readTimestamp) ?? readAll(cells, readIsoTimestamp)
  if (times !== null) {
    // The time zone of the session decides what a time with an offset is without one.
    const hasOffset = times.some((time) => time !== null && OFFSET.test(time))
    return { type: 'timestamp', cast: hasOffset ? 'timestamptz' : 'timestamp', cells: times }
  }
  const booleans = readAll(cells, readBoolean)
  if (booleans !== null) return { type: 'boolean', cast: 'boolean', cells: booleans }
  return { type: 'text', cast: 'text', cells: cells.map(readText) }
}

/** A cell of a column whose type is given, or text: only an empty one and the word null mean no value. */
export const readText = (cell: string): string | null => (isNothing(cell) ? null : cell)

const isNothing = (cell: string) => ['', 'null'].includes(cell.trim().toLowerCase())

function readAll(cells: string[], read: Reader): (string | null)[] | null {
  const values: (string | null)[] = []
  for (const cell of cells) {
    const value = read(cell)
    if (value === undefined) return null
    values.push(value)
  }
  return values
}

const CURRENCIES = '؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫'
const AROUND_AMOUNT = new RegExp(`^[${CURRENCIES}]+|[${CURRENCIES}]+$`, 'g')
const NUMBER = /^([+-]?)(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i

/** As agate does: a percent sign, a currency, commas and underscores are no part of the number. */
function readNumber(cell: string): string | null | undefined {
  if (isNothing(cell)) return null
  const bare = cell.trim().replaceAll(/^%+|%+$/g, '')
  const isNegative = bare.startsWith('-')
  const digits = bare
    .slice(isNegative ? 1 : 0)
    .replaceAll(AROUND_AMOUNT, '')
    .replaceAll(/[,_]/g, '')
    .trim()
  if (NOT_FINITE.test(digits)) return 'NaN'
  const [, sign, amount, exponent = ''] = NUMBER.exec(digits) ?? []
  if (amount === undefined) return undefined
  return `${(sign === '-') !== isNegative ? '-' : ''}${amount}${exponent}`
}

function hasDecimals(number: string): boolean {
  const [, , amount = '', exponent = 'e0'] = NUMBER.exec(number) ?? []
  const [whole = '', fraction = ''] = amount.split('.')
  const significant = `${whole}${fraction}`.replace(/0+$/, '')
  if (/^0*$/.test(significant)) return false
  const trailing = whole.length + fraction.length - significant.length
  return Number(exponent.slice(1)) - fraction.length + trailing < 0
}

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/
const TIMESTAMP = /^(\d{4})-(\d{1,2})-(\d{1,2})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})$/
const ISO_DATE = String.raw`(\d{4})(?:-(\d\d)-|(\d\d))(\d\d)`
const ISO_TIME = String.raw`(\d\d)(?::(\d\d)(?::(\d\d)([.,]\d+)?)?|(\d\d)(?:(\d\d)([.,]\d+)?)?)?`
const ISO = new RegExp(`^${ISO_DATE}T${ISO_TIME}(Z|[+-]\\d\\d(?::?\\d\\d)?)?$`)
const OFFSET = / \d.*(Z|[+-][\d:]+)$/

function readDate(cell: string): string | null | undefined {
  if (isNothing(cell)) return null
  const [, ...parts] = DATE.exec(cell.trim()) ?? []
  return dateOf(parts)
}

function readTimestamp(cell: string): string | null | undefined {
  if (isNothing(cell)) return null
  const [, ...parts] = TIMESTAMP.exec(cell.trim()) ?? []
  return join(dateOf(parts), timeOf(parts.slice(3)))
}

function readIsoTimestamp(cell: string): string | null | undefined {
  if (isNothing(cell)) return null
  const match = ISO.exec(cell.trim())
  if (match === null) return undefined
  const [
    ,
    year = '',
    dashed,
    month = '',
    day = '',
    hour = '',
    colon,
    colonSecond,
    colonPart,
    minute,
    second,
    part,
    zone,
  ] = match
  const date = dateOf([year, dashed ?? month, day])
  const time = timeOf([hour, colon ?? minute ?? '0', colonSecond ?? second ?? '0'])
  // Microseconds, without rounding.
  const fraction = (colonPart ?? part ?? '').replace(',', '.').slice(0, 7)
  return join(date, time === undefined ? undefined : `${time}${fraction}${zone ?? ''}`)
}

const join = (date: string | undefined, time: string | undefined) =>
  date === undefined || time === undefined ? undefined : `${date} ${time}`

function dateOf([year = '', month = '', day = '']: string[]): string | undefined {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  const isLeap = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0)
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][m - 1] ?? 0
  return y >= 1 && d >= 1 && d <= days ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : undefined
}

function timeOf([hour = '', minute = '', second = '']: string[]): string | undefined {
  const isTime = hour !== '' && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
  return isTime ? [hour, minute, second].map((part) => part.padStart(2, '0')).join(':') : undefined
}

function readBoolean(cell: string): string | null | undefined {
  const word = cell.replaceAll(',', '').trim().toLowerCase()
  if (isNothing(word)) return null
  return word === 'true' || word === 'false' ? word : undefined
}
