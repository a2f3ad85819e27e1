import { readFileSync } from 'node:fs'
import type { FixedInvoice } from './generator.ts'

const FILES = [
  { id: '17506970', date: '2025-05-30', file: 'invoice_14282_A.json' },
  { id: '90002001', date: '2025-06-11', file: 'invoice_S2001_synthetic.json' },
]

/** The two sample invoices, byte for byte as their files have them. */
export function sampleInvoices(): FixedInvoice[] {
  return FILES.map(({ id, date, file }) => ({
    id,
    date,
    text: readFileSync(new URL(`../data/fullbay/${file}`, import.meta.url), 'utf8').trim(),
  }))
}
