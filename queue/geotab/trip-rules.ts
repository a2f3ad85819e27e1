import { sql } from 'kysely'
import { suspectDistanceUnit, type DistanceUnit } from '../../transform/geotab/distance-unit.ts'
import type { toTripRow, TripRow } from '../../transform/geotab/trip.ts'
import { transformFingerprint } from '../../transform/geotab/version.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { geotabDatabase } from './source.ts'
import type { EntityTransform } from './transform-landed.ts'

/**
 * The rules of trips. Geotab documents kilometres, but databases were seen that give metres: unless the configuration
 * says which, the trips themselves tell by their average speeds. What was found once is kept; when another unit is
 * found, all trips are made again by it and a person is told.
 */
export function tripRules(toRow: typeof toTripRow): EntityTransform<TripRow>['rules'] {
  return async (context, connection, sample) => {
    const distanceUnit = await distanceUnitOf(context, connection, sample)
    const fingerprint = transformFingerprint({ distanceUnit })
    return { fingerprint, toRow: (payload, rowContext) => toRow(payload, { ...rowContext, distanceUnit }) }
  }
}

async function distanceUnitOf(
  context: PipelineContext,
  connection: string,
  sample: () => Promise<unknown[]>,
): Promise<DistanceUnit> {
  const { tripDistanceUnit } = geotabDatabase(context, connection)
  if (tripDistanceUnit !== 'auto') return tripDistanceUnit
  const { unit, trips, medianRatio } = suspectDistanceUnit(await sample())
  const held = await heldUnit(context, connection)
  const found = unit === 'undecided' ? (held ?? 'km') : unit
  if (unit === 'undecided' || found === held) return found
  await sql`
    insert into base.geotab__settings (connection, name, value) values (${connection}, 'trip_distance_unit', ${found})
    on conflict (connection, name) do update set value = excluded.value, decided_at = now()
  `.execute(context.db)
  const alert = { kind: 'trip_distance_unit', subject: `geotab ${connection}` }
  if (found === 'km') await endAlert(context.db, alert)
  else {
    await raiseAlert(context.db, {
      ...alert,
      severity: 'warning',
      message: `Trips of ${connection} give their distance in metres, not in kilometres as documented: of ${trips} trips the median distance is ${Math.round(medianRatio ?? 0)} times what speed and time make in km. They are read as metres.`,
      nextStep: `Compare one trip with MyGeotab, then set geotab.databases[${connection}].trip_distance_unit to m (or km).`,
    })
  }
  return found
}

async function heldUnit(context: PipelineContext, connection: string): Promise<DistanceUnit | null> {
  const { rows } = await sql<{ value: DistanceUnit }>`
    select value from base.geotab__settings where connection = ${connection} and name = 'trip_distance_unit'
  `.execute(context.db)
  return rows[0]?.value ?? null
}
