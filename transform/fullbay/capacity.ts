import type { InvoiceRow, LineItemRow } from './rows.ts'

// Calculated columns and their digits before the point; what is read is held to its column when it is read.
const LINE_COLUMNS = [
  ['quantity', 10],
  ['to_be_returned_quantity', 10],
  ['returned_quantity', 10],
  ['unit_cost', 10],
  ['line_cost', 12],
  ['line_total', 12],
  ['sales_total', 12],
] as const satisfies readonly (readonly [keyof LineItemRow, number])[]

const INVOICE_COLUMNS = [
  ['lines_parts', 12],
  ['lines_labor', 12],
  ['lines_misc', 12],
  ['lines_subtotal', 12],
  ['gap_parts', 12],
  ['gap_labor', 12],
  ['gap_supplies', 12],
  ['gap_misc', 12],
  ['gap_subtotal', 12],
] as const satisfies readonly (readonly [keyof InvoiceRow, number])[]

/** The first calculated column whose value is too large for the table; null when all fit. */
export function overflow(invoice: InvoiceRow, lines: readonly LineItemRow[]): string | null {
  for (const [column, digits] of INVOICE_COLUMNS) if (!fits(invoice[column], digits)) return column
  for (const line of lines) {
    for (const [column, digits] of LINE_COLUMNS)
      if (!fits(line[column], digits)) return `line ${line.line_no} ${column}`
  }
  return null
}

function fits(text: string | null, digits: number): boolean {
  if (text === null || text.length <= digits) return true
  return text.indexOf('.') <= (text.startsWith('-') ? digits + 1 : digits)
}
