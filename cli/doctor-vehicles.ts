import type { Config } from '../core/config.ts'
import type { GeotabClient } from '../extract/geotab/client.ts'
import { readSnapshot } from '../extract/geotab/snapshot.ts'
import { groupTree, strictDescendants, type TreeGroup } from '../transform/geotab/group-tree.ts'
import { toGroupRow } from '../transform/geotab/group.ts'
import { NOT_CONFIGURED } from '../queue/chevin/target.ts'
import type { Finding } from './doctor-finding.ts'
import { usesStandIns } from './stand-ins.ts'

const CHECK = 'vehicle updates'
const DOCS = 'docs/chevin-sync.md'

/** Id of the Geotab database that vehicle files change; null when none is changed. */
export function updatedDatabase({ geotab, chevin }: Config): string | null {
  const { enabled, database } = chevin.vehicle_updates
  if (enabled !== true || chevin.sftp === null) return null
  return database ?? geotab.databases[0]?.id ?? null
}

/** Whether vehicle files change devices, and within which limits. */
export function examineVehicleUpdates(config: Config): Finding {
  const { geotab, chevin } = config
  const settings = chevin.vehicle_updates
  if (settings.enabled === false) {
    return { check: CHECK, status: 'ok', found: 'off: chevin.vehicle_updates.enabled is false' }
  }
  if (usesStandIns(config)) return { check: CHECK, status: 'note', found: 'on, between the stand-ins' }
  if (chevin.sftp === null) return { check: CHECK, status: 'note', found: `off: ${NOT_CONFIGURED}` }
  if (geotab.databases.length === 0) {
    return { check: CHECK, status: 'note', found: 'off: no Geotab database is configured' }
  }
  if (settings.enabled === undefined) {
    return {
      check: CHECK,
      status: 'note',
      found: 'off: chevin.vehicle_updates.enabled is not set',
      fix: `set it to true or false; to change a fleet, changeable_roots too (${DOCS})`,
    }
  }
  const { fields, file, changeable_roots = [], max_percent, max_devices } = settings
  return {
    check: CHECK,
    status: 'ok',
    found:
      `on: ${file} changes ${fields.join(', ')} in ${updatedDatabase(config)}, groups below ` +
      `${changeable_roots.join(', ')}; more than ${max_percent} % or ${max_devices} devices wait for approval`,
  }
}

/** Whether Geotab knows the groups below which devices may be moved. */
export async function examineRoots(client: GeotabClient, config: Config, signal: AbortSignal): Promise<Finding> {
  const check = `geotab ${client.connection} groups`
  const roots = config.chevin.vehicle_updates.changeable_roots ?? []
  const groups: TreeGroup[] = []
  const context = { connection: client.connection, rawVersion: 1, readAt: 0, fingerprint: '' }
  for await (const { records } of readSnapshot(client, 'Group', { signal })) {
    for (const record of records) {
      const result = toGroupRow(record, context)
      if (result.kind === 'row') groups.push(result.row)
    }
  }
  const tree = groupTree(groups)
  const unknown = roots.filter((id) => !tree.groups.has(id))
  if (unknown.length > 0) {
    const found = `chevin.vehicle_updates.changeable_roots: Geotab shows no group ${unknown.join(', ')} to this user`
    const fix = 'correct the ids (of groups, not their names), or let the user see them'
    return { check, status: 'problem', found, fix }
  }
  const told = roots.map((id) => {
    const name = tree.groups.get(id)?.name ?? id
    return `${id} ${JSON.stringify(name)} with ${strictDescendants(tree, [id]).size} below`
  })
  const isEmpty = strictDescendants(tree, roots).size === 0
  if (!isEmpty) return { check, status: 'ok', found: `devices may be moved within ${told.join(', ')}` }
  const fix =
    'changeable_roots names the groups above those that are changed; include_roots allows the roots themselves'
  return { check, status: 'note', found: `no group may be changed: ${told.join(', ')}`, fix }
}
