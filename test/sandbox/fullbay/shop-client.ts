import { createHash } from 'node:crypto'
import type { DateWindow } from '../../../core/date-window.ts'
import { createShop, type FixedInvoice, type Shop } from '../../../sandbox/fullbay/generator.ts'
import { startFullbaySandbox, type FullbaySandbox } from '../../../sandbox/fullbay/server.ts'

export const KEY = 'sandbox-key-for-tests'
export const EGRESS_IP = '203.0.113.7'
const NOW = new Date('2025-03-15T17:00:00Z')
export const WINDOW: DateWindow = { start: '2025-03-03', end: '2025-03-09' }

export function aShop(
  options: Partial<{ seed: string; shopId: string; perDay: number; fixed: FixedInvoice[] }> = {},
): Shop {
  const { seed = 'test', shopId = 'DET', perDay = 12, fixed = [] } = options
  return createShop({
    seed,
    shopId,
    title: `Shop ${shopId}`,
    timeZone: 'America/Detroit',
    firstDate: '2025-01-01',
    invoicesPerDay: perDay,
    fixed,
  })
}

/** A stand-in with one shop that is closed when its test ends. */
export async function aSandbox(
  options: Partial<{ shop: Shop; pageSize: number; now: () => Date }> = {},
): Promise<FullbaySandbox & AsyncDisposable> {
  const { shop = aShop(), pageSize = 20, now = () => NOW } = options
  const sandbox = await startFullbaySandbox({ accounts: [{ key: KEY, egressIp: EGRESS_IP, shop }], now, pageSize })
  return { ...sandbox, [Symbol.asyncDispose]: () => sandbox.close() }
}

export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

export type Parameters = Partial<Record<'key' | 'token' | 'startDate' | 'endDate' | 'page', string>>

/** The address of a well-signed request for a page of the test window, with some parameters replaced. */
export function invoicesUrl(sandbox: FullbaySandbox, replaced: Parameters = {}): string {
  const query = new URLSearchParams({
    key: KEY,
    token: sha1(`${KEY}2025-03-15${EGRESS_IP}`),
    startDate: WINDOW.start,
    endDate: WINDOW.end,
    page: '1',
    ...replaced,
  })
  return `${sandbox.baseUrl}getInvoices.php?${query.toString()}`
}

export interface Envelope {
  status: string
  message?: string
  startRecordNumber: number
  endRecordNumber: number
  resultCount: number
  totalCount: number
  pageSize: number
  currentPage: number
  totalPages: number
  resultSet: Record<string, unknown>[]
}

export async function getPage(sandbox: FullbaySandbox, replaced: Parameters = {}): Promise<Envelope> {
  const reply = await fetch(invoicesUrl(sandbox, replaced))
  return envelopeOf(await reply.json())
}

function envelopeOf(body: unknown): Envelope {
  if (!isEnvelope(body)) throw new TypeError('The reply has no status.')
  return body
}

const isEnvelope = (body: unknown): body is Envelope => typeof body === 'object' && body !== null && 'status' in body

/** Every page of the test window. */
export async function getAllPages(sandbox: FullbaySandbox): Promise<Envelope[]> {
  const pages = [await getPage(sandbox)]
  const last = pages[0]?.totalPages ?? 0
  for (let page = 2; page <= last; page += 1) pages.push(await getPage(sandbox, { page: String(page) }))
  return pages
}

export const idsOf = (page: Envelope) => page.resultSet.map((invoice) => String(invoice['primaryKey']))
