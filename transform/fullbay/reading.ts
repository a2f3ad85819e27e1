import { type Decimal, ZERO, absolute, parseDecimal, roundTo } from '../../core/decimal.ts'
import { localToUtc, parseDate } from '../../core/local-time.ts'
import { parseNumber } from './number.ts'

/** Something odd in an invoice that is accepted all the same. */
interface Warning {
  code: string
  path: string
  value: string | null
  message: string
}

/** What is common to all parts of one invoice while it is read. */
export interface Reading {
  /** IANA zone of the shop's clocks. */
  timeZone: string
  warnings: Warning[]
}

type Fields = Readonly<Record<string, unknown>>

/** An object inside the payload that knows where it stands; the path becomes text only when something is odd. */
export interface Source {
  readonly reading: Reading
  readonly fields: Fields
  readonly parent: Source | null
  readonly key: string
  /** Place in its list; -1 when it stands alone. */
  readonly index: number
}

const NOTHING: Fields = Object.freeze({})
const LONGEST_WARNING_VALUE = 200

/** Whether a value is a JSON object; a number that kept its text (JSON.rawJSON) is none. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
}

/** The invoice itself, where all paths start. */
export function rootSource(payload: Fields, reading: Reading): Source {
  return { reading, fields: payload, parent: null, key: '', index: -1 }
}

/** The JSON path of a field: `ServiceOrder.Complaints[0].note`. */
function pathOf(source: Source, key: string): string {
  if (source.parent === null) return key
  const place = source.index < 0 ? source.key : `${source.key}[${source.index}]`
  return `${pathOf(source.parent, place)}.${key}`
}

/** Records a warning at a field of a source. `value` is what stands there, unless another one says more. */
export function warn(source: Source, key: string, code: string, message: string, value = source.fields[key]): void {
  source.reading.warnings.push({ code, path: pathOf(source, key), value: shown(value), message })
}

function shown(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const text = typeof value === 'string' ? value : (scalarText(value) ?? (Array.isArray(value) ? '[...]' : '{...}'))
  return storable(text.slice(0, LONGEST_WARNING_VALUE))
}

/** The object in a field; an empty one when there is none. PHP sends an empty object as `[]`. */
export function objectAt(source: Source, key: string): Source {
  const value = source.fields[key]
  if (isObject(value)) return { reading: source.reading, fields: value, parent: source, key, index: -1 }
  const blank = isBlank(value) || (Array.isArray(value) && value.length === 0)
  if (!blank) warn(source, key, 'BAD_SHAPE', 'An object was expected here; it is read as empty.')
  return { reading: source.reading, fields: NOTHING, parent: source, key, index: -1 }
}

/** Whether a source has no fields at all, as one that is missing. */
export function isEmpty(source: Source): boolean {
  return Object.keys(source.fields).length === 0
}

/** The objects of a list field. A single object stands for a list of one, null for an empty list. */
export function listAt(source: Source, key: string): Source[] {
  const value = source.fields[key]
  const { reading } = source
  if (Array.isArray(value)) {
    const items: Source[] = []
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index]
      if (isObject(item)) items.push({ reading, fields: item, parent: source, key, index })
      else warn(source, `${key}[${index}]`, 'BAD_SHAPE', 'An object was expected in this list; it is left out.', item)
    }
    return items
  }
  if (isObject(value)) {
    const item = { reading, fields: value, parent: source, key, index: -1 }
    return isEmpty(item) ? [] : [item]
  }
  if (!isBlank(value)) warn(source, key, 'BAD_SHAPE', 'A list was expected here; it is read as empty.')
  return []
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && value.trim() === '')
}

/** Trimmed text as Postgres can store it; null when blank. Ids arrive as numbers or text and are text here. */
export function textAt(source: Source, key: string): string | null {
  const value = source.fields[key]
  if (typeof value === 'string') {
    const text = storable(value).trim()
    return text === '' ? null : text
  }
  if (value === null || value === undefined) return null
  const text = scalarText(value)
  if (text === null && !(Array.isArray(value) && value.length === 0)) {
    warn(source, key, 'BAD_TEXT', 'Text was expected here; it is read as unknown.')
  }
  return text
}

// NUL and halves of a surrogate pair cannot be stored; the test is there because almost no text has any.
const UNSTORABLE = /[\0\ud800-\udfff]/
const storable = (text: string) => (UNSTORABLE.test(text) ? text.replaceAll('\0', '').toWellFormed() : text)

function scalarText(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return JSON.isRawJSON(value) ? value.rawJSON : null
}

/** The largest whole number that fits the column of each kind of number. */
const LARGEST = {
  money: nines(12),
  price: nines(10),
  quantity: nines(10),
  hours: nines(8),
  portion: nines(4),
  rate: nines(3),
}

function nines(digits: number): Decimal {
  return parseDecimal('9'.repeat(digits)) ?? ZERO
}

/** A number; null, with a warning, when there is something but no number that its column can hold. */
export function numberAt(source: Source, key: string, kind: keyof typeof LARGEST): Decimal | null {
  const value = parseNumber(source.fields[key])
  if (value === undefined) {
    warn(source, key, 'BAD_NUMBER', 'This is not a number; it is read as unknown.')
    return null
  }
  if (value !== null && absolute(value) > LARGEST[kind]) {
    warn(source, key, 'NUMBER_OUT_OF_RANGE', `This is too large for ${kind}; it is read as unknown.`)
    return null
  }
  return value
}

/** An amount of money, in whole cents. */
export function moneyAt(source: Source, key: string): Decimal | null {
  const value = numberAt(source, key, 'money')
  return value === null ? null : roundTo(value, 2)
}

/** Yes/No, 1/0 or true/false; null when blank. */
export function flagAt(source: Source, key: string): boolean | null {
  const value = source.fields[key]
  if (value === 'Yes') return true
  if (value === 'No') return false
  if (isBlank(value)) return null
  const word = (typeof value === 'string' ? value : (scalarText(value) ?? '')).trim().toLowerCase()
  if (word === 'yes' || word === '1' || word === 'true') return true
  if (word === 'no' || word === '0' || word === 'false') return false
  warn(source, key, 'BAD_FLAG', 'This is neither yes nor no; it is read as unknown.')
  return null
}

/** A calendar day `YYYY-MM-DD`. */
export function dateAt(source: Source, key: string): string | null {
  return readTime(source, key, parseDate)
}

/** An instant as ISO text in UTC; text without a zone is on the shop's clocks. */
export function instantAt(source: Source, key: string): string | null {
  return readTime(source, key, localToUtc)
}

type TimeParser = (text: string, timeZone: string) => string | null | undefined

function readTime(source: Source, key: string, parse: TimeParser): string | null {
  const value = source.fields[key]
  if (value === null || value === undefined) return null
  const time = typeof value === 'string' ? parse(value, source.reading.timeZone) : undefined
  if (time === undefined) warn(source, key, 'BAD_DATE', 'This is not a date; it is read as unknown.')
  return time ?? null
}
