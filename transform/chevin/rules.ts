/** The fields of a device that a file may change; no other is ever sent. */
export const UPDATED_FIELDS = ['name', 'vin', 'groups'] as const
export type UpdatedField = (typeof UPDATED_FIELDS)[number]

/** By which rules a vehicle file changes devices; the settings of chevin.vehicle_updates. */
export interface VehicleRules {
  /** Fields that are looked at; the others stay as they are. */
  fields: UpdatedField[]
  changeableRoots: string[]
  includeRoots: boolean
  blankName: 'unchanged' | 'serial'
  blankVin: 'unchanged' | 'clear'
  blankGroups: 'unchanged' | 'clear'
  unknownGroup: 'ignore' | 'reject'
  duplicates: 'reject' | 'last'
}

/** Values of such fields. A VIN that is null is none. */
export interface DeviceValues {
  name?: string | null
  vin?: string | null
  groups?: string[]
}

/** Longest texts that Geotab takes, in UTF-16 units. */
export const LONGEST_NAME = 50
export const LONGEST_VIN = 50
