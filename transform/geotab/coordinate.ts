import { numberIn } from './fields.ts'
import { refused } from './row-result.ts'

/**
 * Whether a latitude and a longitude are a place: `place`; `none` when one is missing or not a number, or when both are
 * exactly 0, where no vehicle is and devices without a fix seem to be; `out of range`, or `unreadable`.
 */
export function coordinateKind(
  latitude: unknown,
  longitude: unknown,
): 'place' | 'none' | 'out of range' | 'unreadable' {
  const y = numberIn(latitude)
  const x = numberIn(longitude)
  if (y === undefined || x === undefined) return 'unreadable'
  if (y === null || x === null || Number.isNaN(y) || Number.isNaN(x)) return 'none'
  if (!(Math.abs(y) <= 90 && Math.abs(x) <= 180)) return 'out of range'
  return y === 0 && x === 0 ? 'none' : 'place'
}

/** The refusal of a record whose coordinates cannot be on earth. */
export function coordinateRefused(kind: 'out of range' | 'unreadable', path: string) {
  return kind === 'out of range'
    ? refused('COORDINATE_OUT_OF_RANGE', path, 'The latitude is beyond 90 degrees or the longitude beyond 180.')
    : refused('COORDINATE_INVALID', path, 'The latitude or the longitude is not a number.')
}
