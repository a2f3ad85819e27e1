import { isHighSurrogate } from './cell-text.ts'
import { LONGEST_BODY, RECORD, RECORD_HEAD, isWide, record, u16, u32 } from './record.ts'

const STRING_HEAD = 3
const LEAST_PER_GROUP = 8
const MOST_GROUPS = 128

/**
 * The strings of a workbook, each once, encoded as they come: an SST record and its CONTINUE records. A string that
 * does not fit goes on in the next record behind a repeated flag byte, cut between characters (never inside a
 * surrogate pair: readers decode piece by piece).
 */
export class SharedStrings {
  readonly #indexes = new Map<string, number>()
  readonly #records: Buffer[] = []
  readonly #recordStarts: number[] = []
  #stringStarts = new Uint32Array(1024)
  #references = 0
  #closedBytes = 0
  #open: Buffer
  #used: number

  constructor() {
    this.#open = Buffer.allocUnsafeSlow(RECORD_HEAD + LONGEST_BODY)
    this.#used = RECORD_HEAD + 8
    this.#recordStarts.push(0)
  }

  /** Size of the records so far. */
  get length(): number {
    return this.#closedBytes + this.#used
  }

  /** The index of a text that is known, which counts as one more reference to it. */
  find(text: string): number | undefined {
    const index = this.#indexes.get(text)
    if (index !== undefined) this.#references++
    return index
  }

  /** The index of a new text, which must be clean and not be known yet. */
  add(text: string): number {
    const index = this.#indexes.size
    this.#indexes.set(text, index)
    this.#references++
    this.#encode(text, index)
    return index
  }

  /** The finished records; `position` is where the first of them will stand in the stream. */
  finish(position: number): Buffer[] {
    this.#close(RECORD.CONTINUE)
    const first = this.#records[0]!
    first.writeUInt16LE(RECORD.SST, 0)
    first.writeUInt32LE(this.#references, RECORD_HEAD)
    first.writeUInt32LE(this.#indexes.size, RECORD_HEAD + 4)
    return [...this.#records, this.#index(position)]
  }

  #encode(text: string, index: number): void {
    const wide = isWide(text)
    const size = wide ? 2 : 1
    const firstSize = isHighSurrogate(text, 0) ? 4 : size
    if (this.#room() < STRING_HEAD + firstSize) this.#next()
    this.#remember(index)
    this.#used = this.#open.writeUInt16LE(text.length, this.#used)
    this.#used = this.#open.writeUInt8(wide ? 1 : 0, this.#used)
    let done = 0
    for (;;) {
      let end = Math.min(text.length, done + Math.floor(this.#room() / size))
      if (end < text.length && isHighSurrogate(text, end - 1)) end--
      this.#used += this.#open.write(text.slice(done, end), this.#used, wide ? 'utf16le' : 'latin1')
      done = end
      if (done === text.length) return
      this.#next()
      this.#used = this.#open.writeUInt8(wide ? 1 : 0, this.#used)
    }
  }

  #room(): number {
    return RECORD_HEAD + LONGEST_BODY - this.#used
  }

  #next(): void {
    this.#close(RECORD.CONTINUE)
    this.#open = Buffer.allocUnsafeSlow(RECORD_HEAD + LONGEST_BODY)
    this.#used = RECORD_HEAD
    this.#recordStarts.push(this.#closedBytes)
  }

  #close(id: number): void {
    this.#open.writeUInt16LE(id, 0)
    this.#open.writeUInt16LE(this.#used - RECORD_HEAD, 2)
    this.#records.push(this.#open.subarray(0, this.#used))
    this.#closedBytes += this.#used
    this.#used = 0
  }

  #remember(index: number): void {
    if (index === this.#stringStarts.length) {
      const larger = new Uint32Array(index * 2)
      larger.set(this.#stringStarts)
      this.#stringStarts = larger
    }
    this.#stringStarts[index] = this.length
  }

  /** EXTSST: where each group of strings starts, in the stream and in its record. */
  #index(position: number): Buffer {
    const count = this.#indexes.size
    const perGroup = Math.max(LEAST_PER_GROUP, Math.floor(count / MOST_GROUPS) + 1)
    const groups = []
    let at = 0
    for (let index = 0; index < count; index += perGroup) {
      const start = this.#stringStarts[index]!
      while ((this.#recordStarts[at + 1] ?? Infinity) <= start) at++
      groups.push([...u32(position + start), ...u16(start - this.#recordStarts[at]!), ...u16(0)])
    }
    return record(RECORD.EXTSST, u16(perGroup), ...groups)
  }
}
