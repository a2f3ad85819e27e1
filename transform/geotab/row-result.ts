/** Why no row can be made of a record; the record goes to quarantine with it. */
interface Refusal {
  kind: 'refused'
  code:
    | 'NOT_AN_OBJECT'
    | 'ID_MISSING'
    | 'DEVICE_MISSING'
    | 'DIAGNOSTIC_MISSING'
    | 'TIME_MISSING'
    | 'TIME_INVALID'
    | 'COORDINATE_INVALID'
    | 'COORDINATE_OUT_OF_RANGE'
    | 'VALUE_MISSING'
    | 'VALUE_NOT_FINITE'
  /** The field of the payload that stands in the way; `$` for the payload itself. */
  path: string
  message: string
}

/** What becomes of one payload: a row of a base table, or the reason why there is none. */
export type RowResult<Row> = { kind: 'row'; row: Row } | Refusal

/** What a row needs to know beside its payload. */
export interface RowContext {
  /** The configured Geotab database. */
  connection: string
  /** Version of the raw record that the payload is. */
  rawVersion: number
  /** When the record was read, in milliseconds since 1970. */
  readAt: number
  /** Of the rules that made the row; see `transformFingerprint`. */
  fingerprint: string
}

const DAY_MS = 86_400_000

/** Whether an instant lies more than a day after it was read, which only a wrong clock can tell of. */
export function isFuture(instantMs: number, context: RowContext): boolean {
  return instantMs > context.readAt + DAY_MS
}

export function refused(code: Refusal['code'], path: string, message: string): Refusal {
  return { kind: 'refused', code, path, message }
}

export const notAnObject = () => refused('NOT_AN_OBJECT', '$', 'The record is not a JSON object.')
export const idMissing = (what: string) => refused('ID_MISSING', 'id', `The ${what} has no id.`)
export const deviceMissing = (what: string) => refused('DEVICE_MISSING', 'device', `The ${what} names no device.`)

/** A time that a row cannot be without is not there, or is not one. */
export function timeRefused(path: string, value: unknown): Refusal {
  return value === null || value === undefined || value === ''
    ? refused('TIME_MISSING', path, `The record has no time in ${path}.`)
    : refused('TIME_INVALID', path, `The time in ${path} is not an instant between 1986 and 2050.`)
}
