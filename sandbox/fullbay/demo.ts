import type { FullbayAccount } from './access.ts'
import { createShop } from './generator.ts'
import { sampleInvoices } from './samples.ts'

/** The shops of a first run, with what a client needs to read them. */
export interface DemoFullbay {
  accounts: readonly FullbayAccount[]
  /** The address that the keys are allowed for (a documentation address; nobody has it). */
  egressIp: string
  /** First invoice date of both shops. */
  startDate: string
  now: () => Date
}

const EGRESS_IP = '203.0.113.7'
const START_DATE = '2025-05-26'

/**
 * Two shops in two time zones; the first also serves the sample invoices. Together they write some 25 invoices a week
 * without end, about 2,000 by the end of November 2026: a fixed pace, so that a day later nothing old has changed by
 * itself. Pass the result to `startFullbaySandbox`.
 */
export function demoFullbay(now: () => Date = () => new Date()): DemoFullbay {
  const detroit = createShop({
    seed: 'demo',
    shopId: 'DET',
    title: 'Example Truck Repair - Detroit',
    timeZone: 'America/Detroit',
    firstDate: START_DATE,
    invoicesPerDay: 2.1,
    fixed: sampleInvoices(),
  })
  const oakport = createShop({
    seed: 'demo',
    shopId: 'OKPK',
    title: 'Example Truck Repair - Oakport',
    timeZone: 'America/Chicago',
    firstDate: START_DATE,
    invoicesPerDay: 1.55,
  })
  return {
    accounts: [
      { key: 'sandbox-fullbay-key-det', egressIp: EGRESS_IP, shop: detroit },
      { key: 'sandbox-fullbay-key-okpk', egressIp: EGRESS_IP, shop: oakport },
    ],
    egressIp: EGRESS_IP,
    startDate: START_DATE,
    now,
  }
}
