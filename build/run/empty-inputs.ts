import { sourceName } from '../graph/context.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { BuildState } from './build-state.ts'
import type { Session } from './session.ts'
import { shadowOf } from './shadow.ts'

/** Makes views without rows over all that a build on no rows reads from outside: sources, and nodes it does not build. */
export async function makeEmptyInputs(session: Session, build: BuildState): Promise<void> {
  const { graph, selected, emptied } = build
  const [home] = graph.nodes
    .filter((node) => node.config.materialized !== 'ephemeral')
    .map((node) => shadowOf(node.relation.schema))
  if (home === undefined) return
  const add = (key: string, relation: RelationName) => {
    emptied.set(key, { schema: home, name: `empty_input_${emptied.size + 1}` })
    return `create view ${relationSql(emptied.get(key) ?? relation)} as select * from ${relationSql(relation)} where false`
  }
  const read = graph.nodes.filter((node) => selected.has(node.id))
  const sources = new Map(
    [...read, ...graph.tests].flatMap((reader) =>
      [...reader.sources.values()].map((source) => [sourceName(source), source]),
    ),
  )
  const parents = new Set(read.flatMap((node) => [...node.dependsOn.keys()]))
  const standing = graph.nodes.filter(
    (node) => parents.has(node.name) && !selected.has(node.id) && node.config.materialized !== 'ephemeral',
  )
  await session.script([
    ...[...sources].map(([key, source]) => add(key, source.relation)),
    ...standing.map((node) => add(node.name, node.relation)),
  ])
}
