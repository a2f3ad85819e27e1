import type { Random } from '../random.ts'

/** An entity as it is sent: names and values as Geotab writes them. */
export type Row = Record<string, unknown>

/** A reference: an object with an id, or a bare text for the well-known ones. */
export type Ref = string | { id: string; [name: string]: unknown }

export const FOREVER = '2050-01-01T00:00:00.000Z'

export const idOf = (ref: unknown): string | null => {
  if (typeof ref === 'string') return ref
  if (typeof ref !== 'object' || ref === null || !('id' in ref)) return null
  return typeof ref.id === 'string' ? ref.id : null
}

export const hexId = (key: number) => `b${key.toString(16).toUpperCase()}`

const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** An id of an entity with a GUID key: `a` and 22 characters. */
export function guidId(random: Random): string {
  let id = 'a'
  for (let at = 0; at < 22; at += 1) id += URL_SAFE.charAt(Math.floor(random.next() * 64))
  return id
}

/** Sixteen lower-case hex digits. */
export const versionText = (version: number) => version.toString(16).padStart(16, '0')

export const isoText = (ms: number) => new Date(ms).toISOString()

const two = (value: number) => String(value).padStart(2, '0')

/** Milliseconds as a .NET TimeSpan: days only when there are any, seven digits only when there is a fraction. */
export function timeSpan(milliseconds: number): string {
  const sign = milliseconds < 0 ? '-' : ''
  const ms = Math.abs(Math.round(milliseconds))
  const days = Math.floor(ms / 86_400_000)
  const clock = [ms / 3_600_000, ms / 60_000, ms / 1000].map(Math.floor)
  const [hours = 0, minutes = 0, seconds = 0] = clock
  const fraction = ms % 1000 === 0 ? '' : `.${String(ms % 1000).padStart(3, '0')}0000`
  return `${sign}${days === 0 ? '' : `${days}.`}${two(hours % 24)}:${two(minutes % 60)}:${two(seconds % 60)}${fraction}`
}
