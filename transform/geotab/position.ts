import type { Timed } from './by-time.ts'

/** Where a device was. */
export interface Fix extends Timed {
  latitude: number | null
  longitude: number | null
}

export interface KnownPosition {
  latitude: number | null
  longitude: number | null
  method: 'interpolated' | 'nearest' | 'none'
  /** Seconds to the farther position that was used. */
  gapSeconds: number | null
}

export interface PositionLimits {
  /** Between two positions farther apart than this in time nothing is interpolated. */
  maxGapSeconds: number
  /** How far away in time a single position may be. */
  nearestSeconds: number
}

const DEFAULT_LIMITS: PositionLimits = { maxGapSeconds: 300, nearestSeconds: 60 }
const NOWHERE: KnownPosition = Object.freeze({ latitude: null, longitude: null, method: 'none', gapSeconds: null })
const RADIANS = Math.PI / 180

/**
 * Where a device was at an instant, by the positions next to it: between the two, by time along the great circle, when
 * they are close enough in time; else at the nearer one, when that is very close; else it is not known. A position of
 * exactly (0, 0) is none.
 */
export function positionAt(
  instantMs: number,
  before: Fix | null,
  after: Fix | null,
  limits: PositionLimits = DEFAULT_LIMITS,
): KnownPosition {
  const earlier = place(before)
  const later = place(after)
  const sinceMs = earlier === null ? Infinity : Math.abs(instantMs - earlier.atMs)
  const untilMs = later === null ? Infinity : Math.abs(later.atMs - instantMs)
  if (earlier !== null && later !== null && sinceMs + untilMs <= limits.maxGapSeconds * 1000) {
    const part = sinceMs + untilMs === 0 ? 0 : sinceMs / (sinceMs + untilMs)
    const between = onGreatCircle(earlier, later, part)
    if (between !== null) {
      const farther = part === 0 || part === 1 ? 0 : Math.max(sinceMs, untilMs)
      return { ...between, method: 'interpolated', gapSeconds: farther / 1000 }
    }
  }
  const nearer = sinceMs <= untilMs ? earlier : later
  const gapSeconds = Math.min(sinceMs, untilMs) / 1000
  if (nearer === null || gapSeconds > limits.nearestSeconds) return NOWHERE
  return { latitude: nearer.latitude, longitude: nearer.longitude, method: 'nearest', gapSeconds }
}

interface Place extends Timed {
  latitude: number
  longitude: number
}

function place(fix: Fix | null): Place | null {
  if (fix === null || fix.latitude === null || fix.longitude === null) return null
  if (fix.latitude === 0 && fix.longitude === 0) return null
  return { atMs: fix.atMs, latitude: fix.latitude, longitude: fix.longitude }
}

/** The point at a part (0 to 1) of the way; null when there is no one way (antipodes) or the point is (0, 0). */
function onGreatCircle(from: Place, to: Place, part: number): { latitude: number; longitude: number } | null {
  if (part === 0) return { latitude: from.latitude, longitude: from.longitude }
  if (part === 1) return { latitude: to.latitude, longitude: to.longitude }
  const a = vector(from)
  const b = vector(to)
  const sine = Math.hypot(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  const angle = Math.atan2(sine, a.x * b.x + a.y * b.y + a.z * b.z)
  if (sine < 1e-12) return angle < 1 ? { latitude: from.latitude, longitude: from.longitude } : null
  const weightA = Math.sin((1 - part) * angle) / sine
  const weightB = Math.sin(part * angle) / sine
  const x = weightA * a.x + weightB * b.x
  const y = weightA * a.y + weightB * b.y
  const z = weightA * a.z + weightB * b.z
  const latitude = Math.atan2(z, Math.hypot(x, y)) / RADIANS
  const longitude = Math.atan2(y, x) / RADIANS
  return latitude === 0 && longitude === 0 ? null : { latitude, longitude }
}

function vector({ latitude, longitude }: Place) {
  const cosine = Math.cos(latitude * RADIANS)
  return {
    x: cosine * Math.cos(longitude * RADIANS),
    y: cosine * Math.sin(longitude * RADIANS),
    z: Math.sin(latitude * RADIANS),
  }
}
