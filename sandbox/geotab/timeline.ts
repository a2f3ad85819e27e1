import type { Point } from './geodesy.ts'

/** Where a vehicle is at an instant, what it has driven and for how long its engine ran since the fleet began. */
export interface Moment extends Point {
  metres: number
  engineSeconds: number
}

/** The true course of a vehicle: straight, at constant speed, from knot to knot. */
export class Timeline {
  readonly #ms: number[] = []
  readonly #moments: Moment[] = []

  /** Appends a knot; an earlier instant than the last one's is not taken. */
  add(ms: number, moment: Moment): void {
    const last = this.#ms.at(-1)
    if (last !== undefined && ms < last) throw new RangeError('A vehicle cannot go back in time.')
    this.#ms.push(ms)
    this.#moments.push(moment)
  }

  /** The first instant that it knows. */
  get fromMs(): number {
    return this.#ms[0] ?? Infinity
  }

  /** Whole km/h between the knots around an instant. */
  speedAt(ms: number): number {
    const after = firstAbove(this.#ms, ms)
    const [from, to] = [this.#moments[after - 1], this.#moments[after]]
    if (from === undefined || to === undefined) return 0
    return Math.round(((to.metres - from.metres) / ((this.#ms[after] ?? 0) - (this.#ms[after - 1] ?? 0))) * 3600)
  }

  at(ms: number): Moment {
    const after = firstAbove(this.#ms, ms)
    const next = this.#moments[after]
    const before = this.#moments[after - 1] ?? next
    if (before === undefined) throw new RangeError('The vehicle has no course yet.')
    if (next === undefined || next === before) return before
    const from = this.#ms[after - 1] ?? 0
    const part = (ms - from) / ((this.#ms[after] ?? 0) - from)
    const between = (low: number, high: number) => low + (high - low) * part
    return {
      lat: between(before.lat, next.lat),
      lon: between(before.lon, next.lon),
      metres: between(before.metres, next.metres),
      engineSeconds: between(before.engineSeconds, next.engineSeconds),
    }
  }
}

/** Index of the first number above a value in an ascending list; its length when there is none. */
function firstAbove(ascending: readonly number[], value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  return low
}
