import { Random, seedOf } from '../random.ts'
import { Calendar } from './calendar.ts'
import { diagnosticRows, lateDiagnostic, LISTS, ruleRows } from './catalogue.ts'
import { deviceRows, vehicleSpecs } from './devices.ts'
import { ORDERLY, type Disorder } from './disorder.ts'
import { exceptionDraft, exceptionTruth, type ExceptionTruth } from './exception.ts'
import { groupRows } from './groups.ts'
import { LateReferences, reference } from './late-references.ts'
import type { Publication, Sighting } from './outbox.ts'
import { userRows } from './people.ts'
import { drawCustomers } from './places.ts'
import { Store, type Draft } from './store.ts'
import { tripRow, type Trip, type TripDistanceUnit } from './trip.ts'
import { createTruth, type FleetTruth } from './truth.ts'
import { Vehicle, type World } from './vehicle.ts'
import { hexId, isoText, type Row } from './wire.ts'
import { zoneRows } from './zones.ts'

export interface FleetOptions {
  seed: number | string
  vehicles: number
  /** First day of its life, YYYY-MM-DD in its zone. */
  startDate: string
  /** IANA name, America/New_York by default. */
  zone?: string
  /** Nothing goes wrong by default. */
  disorder?: Partial<Disorder>
  /** Unit of the distances of trips: kilometres by default. */
  tripDistanceUnit?: TripDistanceUnit
}

/** A fleet whose life goes on as far as somebody has asked. */
export interface Fleet {
  readonly store: Store
  readonly truth: FleetTruth
  readonly zone: string
  readonly vehicles: ReadonlyMap<string, Vehicle>
  /** The newest position that the vendor has of each device, by device id. */
  readonly sightings: ReadonlyMap<string, Sighting>
  /** The instant of the newest position or measurement that the vendor has of each device, in milliseconds. */
  readonly newest: ReadonlyMap<string, number>
  /** The instant up to which everything has arrived, in milliseconds. */
  readonly knownMs: number
  /** Lets everything happen that arrives up to an instant; an earlier instant changes nothing. */
  advance(to: Date): void
}

// Reference data is as old as the fleet.
const FIRST_VERSION = 0x2156000
const MOST_GAP = 4

/** Makes a fleet: the same options make the same one, however its life is cut into steps. */
export function createFleet(options: FleetOptions): Fleet {
  const seed = typeof options.seed === 'number' ? options.seed : seedOf(options.seed)
  const zone = options.zone ?? 'America/New_York'
  const unit = options.tripDistanceUnit ?? 'km'
  const disorder = { ...ORDERLY, ...options.disorder }
  const calendar = new Calendar(options.startDate, zone)
  const start = calendar.day(0).start
  const customers = drawCustomers(new Random(seedOf(seed, 'customers')))
  const specs = vehicleSpecs(seed, options.vehicles, disorder.lateReferences)
  const world: World = { seed, calendar, customers, disorder, vehicles: options.vehicles }
  const vehicles = new Map(specs.map((spec) => [spec.id, new Vehicle(spec, world)]))
  const store = new Store(FIRST_VERSION)
  const gaps = new Random(seedOf(seed, 'gaps'))
  const sightings = new Map<string, Sighting>()
  const newest = new Map<string, number>()
  const trips = new Map<string, { trip: Trip; ms: number; deleted: boolean }>()
  const exceptions = new Map<string, ExceptionTruth>()
  const lateReferences = new LateReferences(disorder.lateReferences)
  let knownMs = start
  let nextDay = 0
  let waiting: Publication[] = []

  const put = (typeName: string, draft: Draft) => store.put(typeName, draft, gaps.int(1, MOST_GAP))

  function putReference(): void {
    const lists: Record<string, Row[]> = {
      Group: groupRows(),
      User: userRows(new Random(seedOf(seed, 'users')), options.vehicles, start, 'fleet.example'),
      Zone: zoneRows(customers, start),
      Rule: ruleRows(start),
      Diagnostic: disorder.lateReferences ? diagnosticRows() : [...diagnosticRows(), lateDiagnostic()],
    }
    for (const [typeName, rows] of Object.entries({ ...LISTS, ...lists })) {
      for (const row of rows) put(typeName, reference({ ...row }, start))
    }
    for (const row of deviceRows(seed, specs, start)) {
      const late = specs.find(({ id, joins }) => id === row['id'] && joins > 0)
      if (late === undefined) put('Device', reference(row, start))
      else lateReferences.deviceIsLate(late.index, row)
    }
  }

  function generate(toMs: number): void {
    const before = nextDay
    for (; calendar.day(nextDay).start <= toMs; nextDay += 1) {
      for (const vehicle of vehicles.values()) {
        const published = vehicle.live(nextDay)
        waiting.push(...published, ...lateReferences.after(published))
      }
    }
    if (nextDay > before) waiting.sort(byArrival)
  }

  function happen(publication: Publication): void {
    const { ms, typeName } = publication
    if ('trip' in publication) return tripHappens(publication.trip, publication.withdrawn, ms)
    if ('event' in publication) {
      exceptions.set(publication.event.id, exceptionTruth(publication.event))
      return put(typeName, exceptionDraft(publication.event, ms))
    }
    put(typeName, publication.draft)
    const { sighting, draft } = publication
    const deviceId = draft.deviceId ?? ''
    if (sighting !== undefined || typeName === 'StatusData') {
      newest.set(deviceId, Math.max(newest.get(deviceId) ?? draft.ms, draft.ms))
    }
    if (sighting === undefined) return
    sightings.set(deviceId, sighting)
    put('DeviceStatusInfo', { key: deviceId, deviceId, row: {}, ms: sighting.ms })
  }

  function tripHappens(
    trip: Trip,
    withdrawn: { account: Trip['accounts'][number]; silently: boolean } | undefined,
    ms: number,
  ) {
    if (withdrawn?.silently) return store.table('Trip').drop(hexId(withdrawn.account.key))
    const told = withdrawn === undefined ? trip : { ...trip, accounts: [withdrawn.account] }
    const row = tripRow(told, ms, calendar, unit)
    const deleted = withdrawn !== undefined
    if (deleted) row['deletedDateTime'] = isoText(ms)
    const draft = {
      key: String(row['id']),
      row,
      ms: Date.parse(String(row['start'])),
      endMs: Date.parse(String(row['stop'])),
      deviceId: trip.deviceId,
      hidden: deleted ? ('deleted' as const) : undefined,
    }
    trips.set(`${trip.deviceId} ${String(row['start'])}`, { trip: told, ms, deleted })
    put('Trip', draft)
  }

  putReference()
  const fleet: Fleet = {
    store,
    zone,
    vehicles,
    sightings,
    newest,
    get knownMs() {
      return knownMs
    },
    advance(to) {
      const toMs = to.getTime()
      if (!(toMs > knownMs)) return
      generate(toMs)
      let happened = 0
      for (; happened < waiting.length; happened += 1) {
        const publication = waiting[happened]
        if (publication === undefined || publication.ms > toMs) break
        happen(publication)
      }
      waiting = waiting.slice(happened)
      knownMs = toMs
    },
    truth: createTruth({ vehicles, trips, exceptions, zones: () => zonesOf(store), newest }),
  }
  return fleet
}

const zonesOf = (store: Store) => [...store.table('Zone').rows()].map(({ row }) => row)

const byArrival = (one: Publication, other: Publication) =>
  one.ms - other.ms || one.vehicle - other.vehicle || one.order - other.order
