import { PipelineError } from '../../core/errors.ts'
import type { VehicleFileRules } from '../../extract/chevin/vehicle-file.ts'
import type { VehicleRules } from '../../transform/chevin/rules.ts'
import type { PipelineContext } from '../context.ts'
import { NOT_CONFIGURED, requireChevin } from './target.ts'

/** How Chevin's vehicle file changes devices here. */
export interface VehicleSettings {
  /** Why nothing is changed; null when changes are made. */
  offBecause: string | null
  /** The Geotab database that is changed. */
  connection: string
  file: VehicleFileRules & {
    /** How long a file with fewer rows than the one before must have looked the same. */
    shrunkSeconds: number
  }
  rules: VehicleRules
  limits: { maxPercent: number; maxDevices: number }
}

// What the groups are that a stand-in's file may change.
const SANDBOX_ROOTS = ['b2867', 'b27D4']
// A stand-in's file is written at once.
const SANDBOX_SETTLE_SECONDS = 0.2

/** The settings, or null when there is no database that could be meant. */
export function vehicleSettings(context: PipelineContext): VehicleSettings | null {
  const { config, geotab } = context
  const settings = config.chevin.vehicle_updates
  const only = geotab.databases.length === 1 ? geotab.databases[0]?.connection : undefined
  const named = geotab.databases.find(({ connection }) => connection === settings.database)?.connection
  const connection = named ?? (settings.database === undefined || geotab.isSandbox ? only : undefined)
  if (connection === undefined) return null
  const isSandbox = geotab.isSandbox && context.chevin?.isSandbox === true
  return {
    offBecause: offBecause(context),
    connection,
    file: {
      path: settings.file,
      markerPath: settings.marker ?? null,
      polls: settings.polls,
      settleSeconds: isSandbox ? Math.min(settings.settle_seconds, SANDBOX_SETTLE_SECONDS) : settings.settle_seconds,
      unfinishedSeconds: settings.unfinished_seconds,
      shrunkSeconds: settings.shrunk_seconds ?? (isSandbox ? 0 : settings.unfinished_seconds),
      maxBytes: Math.round(settings.max_file_mb * 1_048_576),
    },
    rules: {
      fields: settings.fields,
      changeableRoots: settings.changeable_roots ?? (geotab.isSandbox ? SANDBOX_ROOTS : []),
      includeRoots: settings.include_roots,
      blankName: settings.blank_name,
      blankVin: settings.blank_vin,
      blankGroups: settings.blank_groups,
      unknownGroup: settings.unknown_group,
      duplicates: settings.duplicates,
    },
    limits: { maxPercent: settings.max_percent, maxDevices: settings.max_devices },
  }
}

function offBecause({ config, geotab, chevin }: PipelineContext): string | null {
  const { enabled } = config.chevin.vehicle_updates
  if (chevin === null) return NOT_CONFIGURED
  if (geotab.isSandbox !== chevin.isSandbox) {
    const [real, made] = geotab.isSandbox ? ["Chevin's server", 'the fleet'] : ['the fleet', "Chevin's server"]
    return `${real} is real and ${made} is a stand-in`
  }
  if (enabled === false) return 'chevin.vehicle_updates.enabled is false'
  if (enabled === undefined && !geotab.isSandbox) return 'chevin.vehicle_updates.enabled is not set to true'
  return null
}

/** Throws SYNC_OFF unless changes are to be made. */
export function assertSyncOn(settings: VehicleSettings): void {
  if (settings.offBecause === null) return
  const message = `Vehicle updates are switched off: ${settings.offBecause}. Nothing was changed.`
  throw new PipelineError('SYNC_OFF', message, 'never')
}

/** The settings. Throws when there is no server to read from, no database, or none that is named among several. */
export function requireVehicleSettings(context: PipelineContext): VehicleSettings {
  requireChevin(context)
  if (context.geotab.databases.length === 0) {
    const message = 'There is no fleet that a vehicle file could change: list your databases under geotab.databases.'
    throw new PipelineError('GEOTAB_NOT_CONFIGURED', message, 'never')
  }
  const settings = vehicleSettings(context)
  if (settings !== null) return settings
  const ids = context.geotab.databases.map(({ connection }) => connection).join(', ')
  const message = `Which Geotab database is meant? Set chevin.vehicle_updates.database to one of: ${ids}.`
  throw new PipelineError('SYNC_DATABASE', message, 'never')
}
