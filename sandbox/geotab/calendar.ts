import { addDays, dayAt } from '../../core/date-window.ts'
import { localToUtc } from '../../core/local-time.ts'

const DAY_MS = 86_400_000
const WORK_STARTS = '08:00'
const WORK_ENDS = '17:00'

interface Day {
  date: string
  /** Milliseconds of the local midnights. */
  start: number
  end: number
  /** 0 is Sunday. */
  weekday: number
  /** Working hours in milliseconds; null at the weekend. */
  work: readonly [number, number] | null
}

/** The days of a fleet in its time zone, from its first date on, and its standard working hours. */
export class Calendar {
  readonly zone: string
  readonly #startDate: string
  readonly #days: Day[] = []

  constructor(startDate: string, zone: string) {
    this.#startDate = startDate
    this.zone = zone
  }

  day(index: number): Day {
    for (let next = this.#days.length; next <= index; next += 1) this.#days.push(this.#make(next))
    const day = this.#days[index]
    if (day === undefined) throw new RangeError(`A fleet has no day ${index}.`)
    return day
  }

  #make(index: number): Day {
    const date = addDays(this.#startDate, index)
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay()
    const at = (day: string, time: string) => Date.parse(localToUtc(`${day} ${time}`, this.zone) ?? '')
    return {
      date,
      weekday,
      start: at(date, '00:00'),
      end: at(addDays(date, 1), '00:00'),
      work: weekday === 0 || weekday === 6 ? null : [at(date, WORK_STARTS), at(date, WORK_ENDS)],
    }
  }

  /** Index of the day that an instant is in; 0 for anything before the first. */
  indexAt(ms: number): number {
    let index = Math.max(0, Math.floor((ms - this.day(0).start) / DAY_MS) - 1)
    while (this.day(index).end <= ms) index += 1
    return index
  }

  isWork(ms: number): boolean {
    const { work } = this.day(this.indexAt(ms))
    return work !== null && ms >= work[0] && ms < work[1]
  }

  /** The spans of working hours between two instants. */
  workSpans(from: number, to: number): (readonly [number, number])[] {
    const spans: (readonly [number, number])[] = []
    for (let index = this.indexAt(from); index <= this.indexAt(to); index += 1) {
      const { work } = this.day(index)
      if (work === null) continue
      const span = [Math.max(from, work[0]), Math.min(to, work[1])] as const
      if (span[0] < span[1]) spans.push(span)
    }
    return spans
  }
}

/** The calendar day it is in a zone, so many days before an instant. */
export function daysBefore(instant: Date, days: number, zone: string): string {
  return addDays(dayAt(instant, zone), -days)
}
