import type { ExceptionTruth } from '../../sandbox/geotab/exception.ts'
import type { Fleet } from '../../sandbox/geotab/fleet.ts'
import type { TripTruth } from '../../sandbox/geotab/trip.ts'
import { idOf } from '../../sandbox/geotab/wire.ts'
import type { DeliveredFile, DeliveredRow } from './delivered-reports.ts'
import {
  exceptionDifferences,
  exceptionKey,
  reportDriver,
  reportInstant,
  tripDifferences,
  tripKey,
} from './report-truth.ts'

interface Snapshot {
  trips: Map<string, TripTruth>
  exceptions: Map<string, ExceptionTruth>
  faults: Set<string>
  devices: Map<string, { date: string; time: string; driving: boolean }>
}

/** What was delivered under a key, the oldest first. */
type History = Map<string, { file: DeliveredFile; row: DeliveredRow }[]>

/** Remembers what was true when each run took place, and holds what arrived against it. */
export class ReportWitness {
  readonly #fleet: Fleet
  readonly #snapshots = new Map<number, Snapshot>()

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  /** Notes the truth of an instant at which a run reads. */
  note(now: Date): void {
    const fleet = this.#fleet
    fleet.advance(now)
    const exceptions = new Map<string, ExceptionTruth>()
    for (const event of fleet.truth.exceptions()) {
      // Processed again, an event has the key of the one before it, which is withdrawn.
      const key = exceptionKey(event, fleet)
      if (event.state === 'valid' || !exceptions.has(key)) exceptions.set(key, event)
    }
    this.#snapshots.set(Math.floor(now.getTime() / 1000) * 1000, {
      trips: new Map(fleet.truth.trips().map((trip) => [tripKey(trip), trip])),
      exceptions,
      faults: new Set(
        [...fleet.store.table('FaultData').rows()].map(({ deviceId, ms, row }) => faultKey(deviceId, ms, fleet, row)),
      ),
      devices: new Map(
        [...fleet.sightings]
          .filter(([id]) => fleet.store.table('Device').get(id) !== undefined)
          .map(([id, { ms, driving }]) => [id, { ...reportInstant(ms), driving }]),
      ),
    })
  }

  /** What is wrong with the files that arrived, each a sentence; none when all is well. */
  problems(files: DeliveredFile[]): string[] {
    return [
      ...this.#events(files, 'trips history', rowKey.trip, {
        of: (snapshot, key) => {
          const trip = snapshot.trips.get(key)
          if (trip === undefined) return null
          // Of a trip that began otherwise than was thought, nobody knew the odometer.
          const isWrong = this.#last()?.trips.get(key)?.deleted === true
          const differences = (row: DeliveredRow) =>
            tripDifferences(row, isWrong ? { ...trip, odometerStartM: null } : trip, this.#fleet)
          return { isReportable: trip.completed && !trip.deleted, differences }
        },
        keys: (snapshot) => snapshot.trips.keys(),
      }),
      ...this.#events(files, 'exceptions details', rowKey.exception, {
        of: (snapshot, key) => {
          const event = snapshot.exceptions.get(key)
          if (event === undefined) return null
          return {
            isReportable: event.state === 'valid',
            differences: (row) => exceptionDifferences(row, event, this.#fleet),
          }
        },
        keys: (snapshot) => snapshot.exceptions.keys(),
      }),
      ...this.#events(files, 'engine faults', rowKey.fault, {
        of: (snapshot, key) => (snapshot.faults.has(key) ? { isReportable: true, differences: () => [] } : null),
        keys: (snapshot) => snapshot.faults.values(),
      }),
      ...this.#faultDrivers(files),
      ...this.#states(files),
    ]
  }

  #last(): Snapshot | undefined {
    return [...this.#snapshots.values()].at(-1)
  }

  /** How many rows of each report were delivered and are withdrawn now, by the names of the reports. */
  withdrawn(files: DeliveredFile[]): Record<string, number> {
    const last = this.#last()
    const trips = [...historyOf(files, 'trips history', rowKey.trip).keys()]
    const exceptions = [...historyOf(files, 'exceptions details', rowKey.exception).keys()]
    return {
      exceptions_details: exceptions.filter((key) => last?.exceptions.get(key)?.state !== 'valid').length,
      trips_history: trips.filter((key) => last?.trips.get(key)?.deleted !== false || !last.trips.get(key)?.completed)
        .length,
    }
  }

  /** How often rows were delivered of a report. */
  counts(files: DeliveredFile[], report: string): { rows: number; keys: number } {
    const key = { 'trips history': rowKey.trip, 'exceptions details': rowKey.exception }[report] ?? rowKey.fault
    const history = historyOf(files, report, key)
    return { rows: [...history.values()].reduce((sum, rows) => sum + rows.length, 0), keys: history.size }
  }

  #events(
    files: DeliveredFile[],
    report: string,
    keyOf: (row: DeliveredRow) => string,
    truth: {
      of(snapshot: Snapshot, key: string): { isReportable: boolean; differences(row: DeliveredRow): string[] } | null
      keys(snapshot: Snapshot): Iterable<string>
    },
  ): string[] {
    const problems: string[] = []
    const history = historyOf(files, report, keyOf)
    for (const [key, rows] of history) {
      for (const [index, { file, row }] of rows.entries()) {
        const snapshot = this.#snapshots.get(file.at)
        const known = snapshot === undefined ? null : truth.of(snapshot, key)
        const where = `${report} ${key} in ${file.name}`
        if (known === null) problems.push(`${where}: told of what was not known`)
        else if (!known.isReportable) problems.push(`${where}: told too early, or after it was withdrawn`)
        else for (const difference of known.differences(row)) problems.push(`${where}: ${difference}`)
        const before = rows[index - 1]
        if (
          before !== undefined &&
          JSON.stringify(before.row) === JSON.stringify(row) &&
          !this.#wasAway(truth, key, before.file.at, file.at)
        ) {
          problems.push(`${where}: told again unchanged, as in ${before.file.name}`)
        }
      }
    }
    const last = this.#last()
    if (last === undefined) return [...problems, 'no run was noted']
    for (const key of truth.keys(last)) {
      const known = truth.of(last, key)
      if (known === null || !known.isReportable) continue
      const told = history.get(key)?.at(-1)
      if (told === undefined) problems.push(`${report} ${key}: never told`)
      else
        for (const difference of known.differences(told.row))
          problems.push(`${report} ${key}: last told wrong: ${difference}`)
    }
    return problems
  }

  /** Whether what stands under a key was withdrawn for a while between two instants. */
  #wasAway(
    truth: { of(snapshot: Snapshot, key: string): { isReportable: boolean } | null },
    key: string,
    from: number,
    to: number,
  ): boolean {
    return [...this.#snapshots].some(
      ([at, snapshot]) => at > from && at < to && truth.of(snapshot, key)?.isReportable !== true,
    )
  }

  /** The last row of every fault names the driver of its instant. */
  #faultDrivers(files: DeliveredFile[]): string[] {
    const fleet = this.#fleet
    const history = historyOf(files, 'engine faults', rowKey.fault)
    const problems: string[] = []
    for (const { deviceId, ms, row } of fleet.store.table('FaultData').rows()) {
      const key = faultKey(deviceId, ms, fleet, row)
      const told = history.get(key)?.at(-1)?.row
      if (told === undefined) continue
      const driver = reportDriver(fleet, fleet.truth.driverId(deviceId ?? '', new Date(ms)))
      if (told['DriverSerialNumber'] !== driver.serial || told['DriverEmployeeNumber'] !== driver.employee) {
        problems.push(`engine faults ${key}: driver ${told['DriverEmployeeNumber']}, not ${driver.employee}`)
      }
    }
    return problems
  }

  /** Every file of the state of the fleet has a row per vehicle that has been heard of, and tells its newest state. */
  #states(files: DeliveredFile[]): string[] {
    return files
      .filter(({ report }) => report === 'asset status')
      .flatMap((file) => {
        const devices = this.#snapshots.get(file.at)?.devices
        if (devices === undefined) return [`${file.name}: made when no run was`]
        const told = file.rows.map((row) => String(row['DeviceId']))
        const problems =
          told.toSorted().join() === [...devices.keys()].sort().join() ? [] : [`${file.name} tells of ${told.join()}`]
        for (const row of file.rows) {
          const known = devices.get(String(row['DeviceId']))
          if (known === undefined) continue
          const [state, expected] = [
            `${row['LastGpsDate']} ${row['LastGpsTime']} ${row['DrivingState']}`,
            `${known.date} ${known.time} ${known.driving ? 'Driving' : 'Stopped'}`,
          ]
          if (state !== expected) problems.push(`${file.name}, ${row['DeviceId']}: ${state}, not ${expected}`)
        }
        return problems
      })
  }
}

const rowKey = {
  trip: (row: DeliveredRow) => `${row['DeviceId']} ${row['StartDate']} ${row['StartTime']}`,
  exception: (row: DeliveredRow) => `${row['DeviceId']} ${row['RuleName']} ${row['StartDate']} ${row['StartTime']}`,
  fault: (row: DeliveredRow) => `${row['DeviceId']} ${row['DiagnosticName']} ${row['Date']} ${row['Time']}`,
}

function faultKey(deviceId: string | undefined, ms: number, fleet: Fleet, row: Record<string, unknown>): string {
  const { date, time } = reportInstant(ms)
  const name = fleet.store.table('Diagnostic').get(idOf(row['diagnostic']) ?? '')?.row['name']
  return `${deviceId} ${String(name)} ${date} ${time}`
}

function historyOf(files: DeliveredFile[], report: string, keyOf: (row: DeliveredRow) => string): History {
  const history: History = new Map()
  for (const file of files) {
    if (file.report !== report) continue
    for (const row of file.rows) {
      const key = keyOf(row)
      const held = history.get(key)
      if (held === undefined) history.set(key, [{ file, row }])
      else held.push({ file, row })
    }
  }
  return history
}
