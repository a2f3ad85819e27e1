import { addDays } from '../../core/date-window.ts'
import type { Random } from '../random.ts'
import { centsText } from './amounts.ts'

type Habit = 'numbers' | 'texts' | 'formatted'
export type Arriving = number | string | null

const NUMBERS_ONLY = 0.88
const SOME_TEXTS = 0.95

/**
 * How the values of one invoice arrive: the same amount may come as 1234.5, "1234.50" or "1,234.50". Most invoices
 * have numbers only; in the others each value is a number or a text.
 */
export class Arrival {
  readonly #random: Random
  readonly #habit: Habit

  constructor(random: Random) {
    this.#random = random
    const habit = random.next()
    this.#habit = habit < NUMBERS_ONLY ? 'numbers' : habit < SOME_TEXTS ? 'texts' : 'formatted'
  }

  get #asText(): boolean {
    return this.#habit !== 'numbers' && this.#random.chance(0.4)
  }

  /** Cents as dollars. */
  money(cents: number): Arriving {
    if (!this.#asText) return cents / 100
    return centsText(cents, this.#habit === 'formatted' ? ',' : '')
  }

  /** 1/1,000 as pieces; none at all comes as "" or null. */
  quantity(thousandths: number): Arriving {
    if (thousandths === 0) return this.#random.pick(['', null, 0])
    return this.plain(thousandths / 1000)
  }

  /** 1/10,000 dollar as dollars. */
  unitPrice(price: number): Arriving {
    if (!this.#asText) return price / 10_000
    return price % 100 === 0 ? centsText(price / 100) : String(price / 10_000)
  }

  plain(value: number): Arriving {
    return this.#asText ? String(value) : value
  }

  /** An id, which comes as a number in one place and as a text in another. */
  id(id: number, usual: 'number' | 'text'): number | string {
    const swapped = this.#habit !== 'numbers' && this.#random.chance(0.3)
    return (usual === 'number') === swapped ? String(id) : id
  }
}

export const yesNo = (value: boolean) => (value ? 'Yes' : 'No')

const two = (value: number) => (value < 10 ? `0${value}` : String(value))

/** Naive local time of a shop, `days` after a date, at a second of that day. */
export function localTime(date: string, days: number, second: number): string {
  const day = days === 0 ? date : addDays(date, days)
  return `${day} ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`
}
