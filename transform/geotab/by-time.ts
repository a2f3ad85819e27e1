/** Something at an instant, in milliseconds since 1970. */
export interface Timed {
  atMs: number
}

/** How many of a list sorted by time are at or before an instant: the place of the first that is later. */
export function countUntil<Item>(sorted: readonly Item[], instantMs: number, timeOf: (item: Item) => number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (timeOf(sorted[middle]!) > instantMs) high = middle
    else low = middle + 1
  }
  return low
}

export const timeOf = (item: Timed) => item.atMs
