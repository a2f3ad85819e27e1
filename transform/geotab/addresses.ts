/** A coordinate as addresses are kept by: in steps of 0.00001 degrees, about a metre. */
export interface CoordinateKey {
  latitude_e5: number
  longitude_e5: number
}

const STEPS_PER_DEGREE = 1e5
const HALF_TURN = 180 * STEPS_PER_DEGREE

/** The key of a coordinate; the two sides of the antimeridian are one. */
export function coordinateKey(latitude: number, longitude: number): CoordinateKey {
  const steps = roundHalfAway(longitude * STEPS_PER_DEGREE)
  return {
    latitude_e5: roundHalfAway(latitude * STEPS_PER_DEGREE),
    longitude_e5: steps === -HALF_TURN ? HALF_TURN : steps,
  }
}

// Half away from zero, as Postgres rounds numeric; adding 0 makes -0 a 0.
const roundHalfAway = (value: number) => (value < 0 ? 0 - Math.round(-value) : Math.round(value) + 0)
