import { createHash } from 'node:crypto'
import { daysIn, type DateWindow } from '../../core/date-window.ts'
import type { Shop } from './generator.ts'

/** A key of the stand-in, the one address that it may be used from, and the shop that it opens. */
export interface FullbayAccount {
  key: string
  /** IPv4 that the vendor takes the caller to have; the caller proves it by its token. */
  egressIp: string
  shop: Shop
}

/** What a request says, before it is believed. */
export interface InvoiceQuery {
  key: string
  token: string
  startDate: string
  endDate: string
  page: string
}

/** A request that passed every check but that of its page number's upper end. */
export interface InvoiceRequest {
  shop: Shop
  window: DateWindow
  page: number
}

/** Why a request fails. */
export interface Refusal {
  refusal: string
}

/** The longest window that Fullbay answers, in days, both ends included. */
const MOST_DAYS = 7

export function readQuery(parameters: URLSearchParams): InvoiceQuery {
  const text = (name: string) => parameters.get(name) ?? ''
  return {
    key: text('key'),
    token: text('token'),
    startDate: text('startDate'),
    endDate: text('endDate'),
    page: parameters.get('page') ?? '1',
  }
}

/** Lower-case hex SHA-1 of key, UTC date and caller address, joined as they are. */
export function expectedToken(key: string, instant: Date, address: string): string {
  return createHash('sha1')
    .update(`${key}${instant.toISOString().slice(0, 10)}${address}`)
    .digest('hex')
}

/** Checks a query in the vendor's order: key, token, dates, page. */
export function checkQuery(
  query: InvoiceQuery,
  accounts: ReadonlyMap<string, FullbayAccount>,
  instant: Date,
): InvoiceRequest | Refusal {
  const account = accounts.get(query.key)
  if (account === undefined) return { refusal: query.key === '' ? 'Missing API key.' : 'Invalid API key.' }
  if (query.token !== expectedToken(query.key, instant, account.egressIp)) return { refusal: WRONG_TOKEN }
  const { startDate: start, endDate: end, page } = query
  const refusal = problemOfWindow(start, end)
  if (refusal !== null) return { refusal }
  if (!/^[1-9]\d{0,8}$/.test(page)) return { refusal: 'Invalid page: expected a whole number from 1.' }
  return { shop: account.shop, window: { start, end }, page: Number(page) }
}

const WRONG_TOKEN =
  'Invalid token: it must be made of the API key, the current UTC date and an IP address that the key is allowed for.'

function problemOfWindow(start: string, end: string): string | null {
  if (!isDate(start)) return 'Invalid startDate: expected a calendar date, YYYY-MM-DD.'
  if (!isDate(end)) return 'Invalid endDate: expected a calendar date, YYYY-MM-DD.'
  if (start > end) return 'Invalid date range: startDate is after endDate.'
  return daysIn({ start, end }) > MOST_DAYS ? `Invalid date range: it may not be longer than ${MOST_DAYS} days.` : null
}

/** Whether a text is a day of the calendar, as YYYY-MM-DD. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const instant = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text)
}
