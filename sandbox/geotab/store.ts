import { idOf, versionText, type Row } from './wire.ts'

/** Why a row is shown only to those who ask for such rows. */
export type Hidden = 'deleted' | 'invalidated' | 'dismissed'

/** A row on its way into a table. */
export interface Draft {
  /** Identifies the row in its table: its id, or the device's for a DeviceStatusInfo. */
  key: string
  row: Row
  /** The instant that the row tells of, in milliseconds: what a search by dates looks at. */
  ms: number
  /** Its end, for rows that last. */
  endMs?: number
  deviceId?: string
  hidden?: Hidden | undefined
  /** A second copy beside the first, as a page with duplicates has it. */
  again?: boolean
}

export interface Entry extends Draft {
  version: number
  /** Whether a newer version of the row has taken its place. */
  superseded: boolean
}

// Entities whose rows carry their version; the others show it only by their order in the feed.
const VERSIONED = ['Trip', 'StatusData', 'ExceptionEvent', 'DriverChange', 'Device', 'Rule', 'Zone', 'Diagnostic']

/** The rows of one entity: current ones, in the order in which they came or changed. */
export class Table {
  readonly #entries: Entry[] = []
  readonly #byKey = new Map<string, Entry>()
  readonly #byDevice = new Map<string, Entry[]>()
  /** Ids that are answered with the row of another one. */
  readonly #otherNames = new Map<string, string>()
  readonly #showsVersion: boolean

  constructor(typeName: string) {
    this.#showsVersion = VERSIONED.includes(typeName)
  }

  put(draft: Draft, version: number): void {
    if (this.#showsVersion) draft.row['version'] = versionText(version)
    const entry: Entry = { ...draft, version, superseded: false }
    const before = this.#byKey.get(draft.key)
    if (before !== undefined && draft.again !== true) before.superseded = true
    this.#entries.push(entry)
    this.#byKey.set(draft.key, entry)
    if (draft.deviceId === undefined) return
    const ofDevice = this.#byDevice.get(draft.deviceId)
    if (ofDevice === undefined) this.#byDevice.set(draft.deviceId, [entry])
    else ofDevice.push(entry)
  }

  /** Has a row be found by another id too. */
  nameAlso(other: string, key: string): void {
    this.#otherNames.set(other, key)
  }

  /** Takes a row away without a trace: no feed tells of it. */
  drop(key: string): void {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return
    entry.superseded = true
    this.#byKey.delete(key)
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key) ?? this.#byKey.get(this.#otherNames.get(key) ?? '')
  }

  /** Current rows, oldest version first; with a device, only its own. */
  *rows(deviceId?: string): Generator<Entry> {
    const entries = deviceId === undefined ? this.#entries : (this.#byDevice.get(deviceId) ?? [])
    for (const entry of entries) if (!entry.superseded && entry.again !== true) yield entry
  }

  /** The first `limit` rows above a version that a reader may see. */
  after(version: number, limit: number, visible: (entry: Entry) => boolean): Entry[] {
    const found: Entry[] = []
    for (let at = this.#firstAfter(version); at < this.#entries.length && found.length < limit; at += 1) {
      const entry = this.#entries[at]
      if (entry !== undefined && !entry.superseded && visible(entry)) found.push(entry)
    }
    return found
  }

  /** The version just before the first row that tells of an instant or later; null when there is no such row. */
  versionBefore(ms: number): number | null {
    const first = this.#entries.find((entry) => !entry.superseded && (entry.endMs ?? entry.ms) >= ms)
    return first === undefined ? null : first.version - 1
  }

  #firstAfter(version: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#entries[middle]?.version ?? 0) <= version) low = middle + 1
      else high = middle
    }
    return low
  }
}

// Entities whose rows tell of a diagnostic.
const TELLING = ['FaultData', 'StatusData', 'ExceptionEvent']

/** All tables of a database and the one counter that they share. */
export class Store {
  readonly #tables = new Map<string, Table>()
  readonly #promoted = new Map<string, string>()
  #version: number

  constructor(firstVersion: number) {
    this.#version = firstVersion
  }

  get version(): number {
    return this.#version
  }

  table(typeName: string): Table {
    let table = this.#tables.get(typeName)
    if (table === undefined) this.#tables.set(typeName, (table = new Table(typeName)))
    return table
  }

  /** Writes a row under the next version, or under one so many further on. */
  put(typeName: string, draft: Draft, gap = 1): void {
    this.#version += gap
    this.table(typeName).put(this.#withNewId(typeName, draft), this.#version)
  }

  /**
   * Gives a diagnostic another id, under which it is told of from now on. Asked for the old one, the vendor answers with
   * the new record, or, when it `forgets`, with nothing.
   */
  promoteDiagnostic(from: string, to: string, options: { forgets: boolean }): void {
    const table = this.table('Diagnostic')
    const entry = table.get(from)
    if (entry === undefined) throw new RangeError(`The stand-in has no diagnostic ${from}.`)
    table.drop(from)
    if (!options.forgets) table.nameAlso(from, to)
    this.#promoted.set(from, to)
    this.put('Diagnostic', { key: to, row: { ...entry.row, id: to }, ms: entry.ms })
  }

  #withNewId(typeName: string, draft: Draft): Draft {
    const { diagnostic } = draft.row
    const to = this.#promoted.get(idOf(diagnostic) ?? '')
    if (to === undefined || !TELLING.includes(typeName)) return draft
    return { ...draft, row: { ...draft.row, diagnostic: typeof diagnostic === 'string' ? to : { id: to } } }
  }
}
