import { sql } from 'kysely'
import { PipelineError } from '../../core/errors.ts'
import type { PlanDevice } from '../../transform/chevin/match.ts'
import { toDeviceRow, type DeviceRow } from '../../transform/geotab/device.ts'
import { groupTree, type GroupTree } from '../../transform/geotab/group-tree.ts'
import { toGroupRow } from '../../transform/geotab/group.ts'
import type { DeviceApi, DeviceNow } from '../../load/geotab/device.ts'
import { readSnapshot } from '../../extract/geotab/snapshot.ts'
import { getMax } from '../../extract/geotab/limits.ts'
import type { PipelineContext } from '../context.ts'
import { geotabDatabase } from '../geotab/source.ts'

export interface Fleet {
  devices: PlanDevice[]
  tree: GroupTree
}

/** The fleet as the Device and Group feeds of this run left it. */
export async function fleetOfFeeds({ db, clock }: PipelineContext, connection: string): Promise<Fleet> {
  const { rows: devices } = await sql<PlanDevice>`
    select device_id as "deviceId", serial_number as "serialNumber", name, vin, group_ids as "groupIds",
      coalesce(least(active_to, removed_at) <= ${clock.now()}, false) as "isArchived"
    from base.geotab__devices where connection = ${connection} order by device_id
  `.execute(db)
  const { rows: groups } = await sql<{ group_id: string; name: string | null; child_ids: string[] }>`
    select group_id, name, child_ids from base.geotab__groups where connection = ${connection} order by group_id
  `.execute(db)
  return { devices, tree: groupTree(groups) }
}

/** The fleet as Geotab has it at this moment. */
export async function fleetNow(context: PipelineContext, connection: string, signal: AbortSignal): Promise<Fleet> {
  const { client } = geotabDatabase(context, connection)
  const records = (await client.call('Get', { typeName: 'Device' }, { signal, expect: 'list' })) as unknown[]
  if (records.length >= getMax('Device')) {
    const message = `Geotab ${connection}: ${records.length} devices came, the vendor's maximum, so that some may be missing. No plan was made; let the scheduled run make it from the Device feed.`
    throw new PipelineError('GEOTAB_RESULT_LIMIT', message, 'never')
  }
  const devices: PlanDevice[] = []
  for (const record of records) {
    const row = deviceRow(connection, record)
    if (row === null) continue
    const { device_id, serial_number, group_ids } = row
    const { name, vin, isArchived } = deviceNow(context, row)
    devices.push({ deviceId: device_id, serialNumber: serial_number, name, vin, groupIds: group_ids, isArchived })
  }
  return { devices, tree: await groupsNow(context, connection, signal) }
}

/** The groups as Geotab has them at this moment. */
export async function groupsNow(context: PipelineContext, connection: string, signal: AbortSignal): Promise<GroupTree> {
  const { client } = geotabDatabase(context, connection)
  const groups = []
  for await (const { records } of readSnapshot(client, 'Group', { signal })) {
    for (const record of records) {
      const result = toGroupRow(record, rowContext(connection))
      if (result.kind === 'row') groups.push(result.row)
    }
  }
  return groupTree(groups)
}

/** The two calls by which devices are changed. */
export function deviceApi(context: PipelineContext, connection: string): DeviceApi {
  const { client } = geotabDatabase(context, connection)
  return {
    async read(deviceId, signal) {
      const params = { typeName: 'Device', search: { id: deviceId } }
      const records = (await client.call('Get', params, { signal, expect: 'list' })) as unknown[]
      const rows = records.map((record) => deviceRow(connection, record))
      const row = rows.find((one) => one?.device_id === deviceId)
      return row === undefined || row === null ? null : deviceNow(context, row)
    },
    async set(change, signal) {
      await client.call('Set', { typeName: 'Device', entity: change }, { signal })
    },
  }
}

const rowContext = (connection: string) => ({ connection, rawVersion: 1, readAt: 0, fingerprint: '' })

function deviceRow(connection: string, record: unknown): DeviceRow | null {
  const result = toDeviceRow(record, rowContext(connection))
  return result.kind === 'row' ? result.row : null
}

function deviceNow({ clock }: PipelineContext, row: DeviceRow): DeviceNow {
  const isArchived = row.active_to !== null && Date.parse(row.active_to) <= clock.now().getTime()
  return { name: row.name, vin: row.vin, groups: row.group_ids, isArchived }
}
