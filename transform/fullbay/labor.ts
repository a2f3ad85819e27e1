import { type Decimal, ONE, ZERO, allocate, formatTrimmed } from '../../core/decimal.ts'
import { fourPlaces, portionColumn } from './columns.ts'
import { IDENTITY_SEPARATOR, type Line } from './line.ts'
import { type Source, flagAt, listAt, moneyAt, numberAt, textAt, warn } from './reading.ts'
import type { LaborTaxableSource, LineItemRow } from './rows.ts'
import { oneSpelling } from './spelling.ts'

/** A technician assigned to a complaint who has a share of its labour. */
interface Technician {
  name: string | null
  number: string | null
  assignmentId: string | null
  key: string | null
  /** As stated, in percent. */
  portion: Decimal | null
  weight: Decimal
  /** Hours on the clock, split over the complaint's corrections in their order; null when not stated. */
  actualHours: Decimal[] | null
}

/** The labour of one complaint: who did it, and what is needed to split its corrections. */
export interface ComplaintLabor {
  complaint: Source
  technicians: Technician[]
  weights: Decimal[]
  /** Billed hours of each correction; null when not stated. */
  billedHours: (Decimal | null)[]
}

const HUNDRED = 100n * ONE

/** Reads who worked on a complaint, and spreads the hours of each over its corrections by their billed hours. */
export function readComplaintLabor(complaint: Source, corrections: readonly Source[], shopId: string): ComplaintLabor {
  const billedHours = corrections.map((correction) => numberAt(correction, 'laborHoursTotal', 'hours'))
  const hourWeights = billedHours.map((hours) => (hours !== null && hours > ZERO ? hours : ZERO))
  const assigned = listAt(complaint, 'AssignedTechnicians').map((source) => ({
    source,
    portion: numberAt(source, 'portion', 'portion'),
    hours: numberAt(source, 'actualHours', 'hours'),
  }))
  const weights = weighPortions(
    complaint,
    assigned.map((assignment) => assignment.portion),
  )
  const technicians: Technician[] = []
  assigned.forEach(({ source, portion, hours }, index) => {
    const weight = weights[index] ?? ZERO
    if (weight === ZERO) {
      if (hours !== null && hours !== ZERO) {
        const message = `A technician without a portion clocked ${formatTrimmed(hours)} hours; they are on no line.`
        warn(source, 'actualHours', 'ZERO_PORTION_WITH_HOURS', message)
      }
      return
    }
    const actualHours = hours === null ? null : allocate(hours, hourWeights, 4)
    technicians.push({ ...readTechnician(source, shopId), portion, weight, actualHours })
  })
  return { complaint, technicians, weights: technicians.map((technician) => technician.weight), billedHours }
}

function readTechnician(source: Source, shopId: string) {
  const name = textAt(source, 'technician')
  const number = textAt(source, 'technicianNumber')
  return { name, number, assignmentId: textAt(source, 'primaryKey'), key: technicianKey(shopId, number, name) }
}

/** One person of one shop: told by the number if there is one, else by the name. */
function technicianKey(shopId: string, number: string | null, name: string | null): string | null {
  if (number !== null) return `${shopId}/number/${oneSpelling(number)}`
  return name === null ? null : `${shopId}/name/${oneSpelling(name)}`
}

/** The share of each technician: the portion where it is positive; the same for all when none is. */
function weighPortions(complaint: Source, portions: readonly (Decimal | null)[]): Decimal[] {
  if (portions.length === 0) return []
  const weights = portions.map((portion) => (portion !== null && portion > ZERO ? portion : ZERO))
  const sum = weights.reduce((a, b) => a + b, ZERO)
  if (sum === ZERO) {
    const message = 'No technician has a portion; the labour is split equally.'
    warn(complaint, 'AssignedTechnicians', 'PORTION_MISSING', message, '0')
    return weights.map(() => ONE)
  }
  if (sum !== HUNDRED) {
    const message = 'The portions of the technicians do not add up to 100; each counts as its share of their sum.'
    warn(complaint, 'AssignedTechnicians', 'PORTION_SUM', message, formatTrimmed(sum))
  }
  return weights
}

/**
 * The labour lines of a correction: one for each technician with a share, also of nothing (quality control is worked at
 * 0); without technicians one if there is money or time. Money and billed hours are split without a remainder.
 *
 * @param index the correction's place among those of its complaint.
 */
export function laborLines(
  correctionRow: LineItemRow,
  correction: Source,
  index: number,
  labor: ComplaintLabor,
): Line[] {
  const total = moneyAt(correction, 'laborTotal') ?? ZERO
  const billed = labor.billedHours[index] ?? null
  const { taxable, source } = readTaxable(correction, labor.complaint)
  const shared: LineItemRow = {
    ...correctionRow,
    line_item_type: 'LABOR',
    labor_description: correctionRow.service_description ?? correctionRow.recommended_correction,
    labor_rate_type: textAt(correction, 'laborRate'),
    labor_taxable_source: source,
    taxable,
  }
  const place = [correctionRow.fullbay_complaint_id, correctionRow.fullbay_correction_id].join(IDENTITY_SEPARATOR)
  if (labor.technicians.length === 0) {
    if (total === ZERO && (billed ?? ZERO) === ZERO) return []
    const row = { ...shared, labor_hours: fourPlaces(billed) }
    return [{ row, bucket: 'labor', total, identity: `LABOR${IDENTITY_SEPARATOR}${place}` }]
  }
  const amounts = allocate(total, labor.weights, 2)
  const hours = billed === null ? null : allocate(billed, labor.weights, 4)
  return labor.technicians.map((technician, at) => {
    const row: LineItemRow = {
      ...shared,
      assigned_technician: technician.name,
      assigned_technician_number: technician.number,
      technician_assignment_id: technician.assignmentId,
      technician_key: technician.key,
      technician_portion: portionColumn(technician.portion),
      so_hours: fourPlaces(technician.actualHours?.[index] ?? null),
      labor_hours: fourPlaces(hours?.[at] ?? null),
    }
    const who = technician.assignmentId === null ? `key ${technician.key}` : `assignment ${technician.assignmentId}`
    const identity = `LABOR${IDENTITY_SEPARATOR}${place}${IDENTITY_SEPARATOR}${who}`
    return { row, bucket: 'labor', total: amounts[at] ?? ZERO, identity }
  })
}

function readTaxable(correction: Source, complaint: Source): { taxable: boolean; source: LaborTaxableSource } {
  const ofCorrection = flagAt(correction, 'taxable')
  if (ofCorrection !== null) return { taxable: ofCorrection, source: 'correction' }
  const ofComplaint = flagAt(complaint, 'laborTaxable')
  if (ofComplaint !== null) return { taxable: ofComplaint, source: 'complaint' }
  return { taxable: true, source: 'default' }
}
