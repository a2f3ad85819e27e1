import { METERS_PER_KM } from '../../core/units.ts'
import type { DistanceUnit } from './distance-unit.ts'
import { finite } from './fields.ts'

/**
 * Metres, to the millimetre: Geotab's distances are single floats, finer digits are noise. A negative distance is not
 * known, with a warning; nor is one beyond all roads.
 */
export function distanceMeters(value: unknown, unit: DistanceUnit, path: string, warnings: string[]): number | null {
  const distance = finite(value)
  if (distance === null) return null
  if (distance < 0) {
    warnings.push(`NEGATIVE_DISTANCE:${path}`)
    return null
  }
  const millimeters = Math.round(distance * (unit === 'km' ? METERS_PER_KM : 1) * 1000)
  return Number.isSafeInteger(millimeters) ? millimeters / 1000 : null
}
