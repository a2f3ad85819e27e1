import { ZERO } from '../../core/decimal.ts'
import type { CompiledRules } from './classification.ts'
import { laborLines, readComplaintLabor } from './labor.ts'
import type { Line } from './line.ts'
import { type CorrectionParts, correctionParts } from './parts-total.ts'
import { groupParts, partLine, readPart } from './parts.ts'
import { type Source, flagAt, listAt, textAt, warn } from './reading.ts'
import type { LineItemRow, QuantityRule } from './rows.ts'

/** What the complaints of a service order come to. */
export interface ComplaintLines {
  lines: Line[]
  /** Parts of which nothing is charged. */
  droppedParts: number
  corrections: CorrectionParts[]
}

export interface ComplaintOptions {
  shopId: string
  quantityRule: QuantityRule
  rules: CompiledRules
}

/** The lines of all complaints: by correction, its parts first, then its labour. */
export function complaintLines(
  blank: LineItemRow,
  complaints: readonly Source[],
  options: ComplaintOptions,
): ComplaintLines {
  const result: ComplaintLines = { lines: [], droppedParts: 0, corrections: [] }
  for (const complaint of complaints) {
    const complaintRow = readComplaint(blank, complaint)
    const corrections = listAt(complaint, 'Corrections')
    if (corrections.length === 0) {
      warn(complaint, 'Corrections', 'COMPLAINT_WITHOUT_CORRECTIONS', 'The complaint has no corrections, so no lines.')
    }
    const labor = readComplaintLabor(complaint, corrections, options.shopId)
    corrections.forEach((correction, index) => {
      const row = readCorrection(complaintRow, correction)
      addParts(result, row, correction, options)
      for (const line of laborLines(row, correction, index, labor)) result.lines.push(line)
    })
  }
  return result
}

function addParts(result: ComplaintLines, row: LineItemRow, correction: Source, options: ComplaintOptions): void {
  const parts = listAt(correction, 'Parts').map(readPart)
  const { groups, dropped } = groupParts(parts, options.quantityRule)
  let total = ZERO
  for (const group of groups) {
    result.lines.push(partLine(row, group, options.rules))
    total += group.total
  }
  result.droppedParts += dropped
  result.corrections.push(correctionParts(correction, parts, total))
}

function readComplaint(blank: LineItemRow, complaint: Source): LineItemRow {
  const id = textAt(complaint, 'primaryKey')
  if (id === null) warn(complaint, 'primaryKey', 'COMPLAINT_ID_MISSING', 'The complaint has no id.')
  return {
    ...blank,
    fullbay_complaint_id: id,
    complaint_type: textAt(complaint, 'type'),
    complaint_subtype: textAt(complaint, 'subType'),
    complaint_note: textAt(complaint, 'note'),
    complaint_cause: textAt(complaint, 'cause'),
    complaint_authorized: flagAt(complaint, 'authorized'),
  }
}

function readCorrection(complaintRow: LineItemRow, correction: Source): LineItemRow {
  const id = textAt(correction, 'primaryKey')
  if (id === null) warn(correction, 'primaryKey', 'CORRECTION_ID_MISSING', 'The correction has no id.')
  return {
    ...complaintRow,
    fullbay_correction_id: id,
    correction_title: textAt(correction, 'title'),
    correction_performed: textAt(correction, 'correctionPerformed'),
    component: textAt(correction, 'globalComponent'),
    system: textAt(correction, 'globalSystem'),
    global_service: textAt(correction, 'globalService'),
    recommended_correction: textAt(correction, 'recommendedCorrection'),
    service_description: textAt(correction, 'actualCorrection'),
  }
}
