import { sql } from 'kysely'
import { insertRecords } from '../../db/insert-records.ts'
import { groupTree, placeOf } from '../../transform/geotab/group-tree.ts'
import type { GroupRow } from '../../transform/geotab/group.ts'
import type { PipelineContext } from '../context.ts'
import type { TransformPass } from './transform-landed.ts'

/** Writes what only the whole tree tells of each group: the ways to it, what lies above it, and how deep it lies. */
export function groupPaths(context: PipelineContext, connection: string): TransformPass<GroupRow> {
  return {
    see() {},
    async finish() {
      const { rows } = await sql<{ group_id: string; name: string | null; child_ids: string[] }>`
        select group_id, name, child_ids from base.geotab__groups where connection = ${connection} order by group_id
      `.execute(context.db)
      const tree = groupTree(rows)
      const places = rows.map(({ group_id }) => ({ group_id, ...placeOf(tree, group_id) }))
      await context.db.transaction().execute(async (trx) => {
        await sql`
          create temporary table group_places on commit drop as
          select group_id, paths, ancestor_ids, depth from base.geotab__groups limit 0
        `.execute(trx)
        await insertRecords(trx, 'pg_temp.group_places', places)
        await sql`
          update base.geotab__groups as g
          set paths = p.paths, ancestor_ids = p.ancestor_ids, depth = p.depth, landed_xid = pg_current_xact_id()
          from pg_temp.group_places as p
          where g.connection = ${connection} and g.group_id = p.group_id
            and (g.paths, g.ancestor_ids, g.depth) is distinct from (p.paths, p.ancestor_ids, p.depth)
        `.execute(trx)
      })
    },
  }
}
