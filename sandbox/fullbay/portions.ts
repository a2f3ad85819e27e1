import type { Random } from '../random.ts'

type Portion = number | string | null

const PAIRS: readonly Portion[][] = [
  [60, 40],
  [50, 50],
  [70, 30],
  [75, 25],
]
const TRIOS: readonly Portion[][] = [
  [33.33, 33.33, 33.33],
  [33.33, 33.33, 33.34],
  [40, 35, 25],
]
const ODD: readonly Portion[][] = [[60, 30], [33, 33, 33], [100, 0], [null], ['100'], ['50.0', '50.0'], [null, null]]

/** Draws how the labour of a complaint is shared out: mostly one technician, sometimes shares that miss 100. */
export function drawPortions(random: Random): readonly Portion[] {
  const kind = random.next()
  if (kind < 0.82) return [100]
  if (kind < 0.94) return random.pick(PAIRS)
  if (kind < 0.985) return random.pick(TRIOS)
  return random.pick(ODD)
}
