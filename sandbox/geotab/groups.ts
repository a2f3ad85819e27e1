import type { Row } from './wire.ts'

/** Group ids that devices are assigned to. */
export const REGIONS = ['b2701', 'b2702', 'b2703'] as const
export const DEPARTMENTS = ['b2868', 'b2869', 'b286B', 'b286C'] as const
export const LOCATIONS = ['b27D5', 'b27D6', 'b27D7', 'b27D8'] as const
export const TWO_PARENTS = 'b286D'
/** The roots below which a vehicle file may move devices. */
export const CHANGEABLE_ROOTS = ['b2867', 'b27D4'] as const

const COLOUR = { r: 0, g: 114, b: 188, a: 255 }

function group(id: string, name: string | null, children: string[] = [], more: Row = {}): Row {
  return {
    id,
    name,
    children: children.map((child) => ({ id: child })),
    color: COLOUR,
    comments: '',
    reference: '',
    isGlobalReportingGroup: false,
    ...more,
  }
}

/**
 * The group trees: the company's with regions and two roots under which groups may be changed (b2867, b27D4), one group
 * with two parents (b286D), one child that does not exist (b27FF), and built-in groups.
 */
export function groupRows(): Row[] {
  return [
    group('GroupRootId', '**Root**', ['GroupCompanyId', 'GroupSecurityId', 'GroupPrivateUserId']),
    group('GroupCompanyId', 'Company Group', [...REGIONS, 'b2867', 'b27D4', 'GroupAssetInformationId']),
    group('b2701', 'District of Columbia', [], { reference: '010' }),
    group('b2702', 'Maryland', ['b2704', 'b286D'], { reference: '020' }),
    group('b2703', 'Virginia', [], { reference: '030', isGlobalReportingGroup: true }),
    group('b2704', 'Maryland, Eastern Shore'),
    group('b2867', 'Departments', ['b2868', 'b2869', 'b286A']),
    group('b2868', 'Meter Reading', [], { reference: '0007' }),
    group('b2869', 'Leak Survey'),
    group('b286A', 'Construction', ['b286B', 'b286C', 'b286D']),
    group('b286B', 'Construction - North'),
    group('b286C', 'Construction - South', [], { comments: 'Crew trucks and trailers' }),
    group('b286D', 'Shared Pool'),
    group('b27D4', 'Locations', ['b27D5', 'b27D6', 'b27D7', 'b27FF']),
    group('b27D5', 'Springfield'),
    group('b27D6', 'Rockville', ['b27D8']),
    group('b27D7', 'Forestville'),
    // The same name as another group: names are not unique.
    group('b27D8', 'Shared Pool'),
    group('GroupAssetInformationId', '**AssetInformation**', ['GroupVehicleId']),
    group('GroupVehicleId', '**Vehicle**'),
    group('GroupSecurityId', '**Security**', ['GroupEverythingSecurityId', 'GroupNothingSecurityId']),
    group('GroupEverythingSecurityId', '**EverythingSecurity**'),
    group('GroupNothingSecurityId', '**NothingSecurity**'),
    group('GroupPrivateUserId', null),
  ]
}
