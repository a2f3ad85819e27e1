import { escapeIdentifier } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import { sourceName, type Places } from '../graph/context.ts'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Constraint } from '../project/properties-file.ts'
import { isNode, parseReference } from '../project/reference.ts'
import type { Session } from './session.ts'

/** The tables that the foreign keys of a model name, by the text of `to`. */
export type KeyTargets = Map<string, RelationName>

/** The error for a contract that cannot be kept. */
export function contractError(node: GraphNode, problem: string, cause?: unknown): PipelineError {
  return new PipelineError('MODEL_CONTRACT', `${node.file.source.file}: ${problem}`, 'never', { cause })
}

/**
 * Finds the tables that the foreign keys name with ref() or source(). A key goes to where its table stands in this
 * build: with one that is made anew it moves to the published schema. It cannot go to a view, nor to a table that this
 * build adds rows to, as those are not there before the publish. Throws a PipelineError MODEL_CONTRACT.
 */
export async function withTargets(session: Session, node: GraphNode, places: Places): Promise<KeyTargets> {
  const targets: KeyTargets = new Map()
  for (const { type, to } of [...node.constraints, ...node.columns.flatMap((column) => column.constraints)]) {
    if (type !== 'foreign_key' || to === undefined || targets.has(to)) continue
    const place = placeOf(node, to, places)
    const { rows } = await session.query<{ kind: string }>(
      'select relkind as kind from pg_class where oid = to_regclass($1)',
      [`${escapeIdentifier(place.schema)}.${escapeIdentifier(place.name)}`],
    )
    if (rows[0]?.kind !== 'r' && rows[0]?.kind !== 'p') {
      const reason =
        'only a table that is there, or is made anew by this build; a view is none, nor rows that wait to be added'
      throw contractError(node, `its foreign key to ${to} can refer to ${reason}`)
    }
    targets.set(to, place)
  }
  return targets
}

function placeOf(node: GraphNode, to: string, places: Places): RelationName {
  const reference = parseReference(to)
  if (reference === null)
    throw contractError(node, `its foreign key needs ref('…') or source('…', '…') after to, not ${to}`)
  if (isNode(reference)) {
    // Or it might be built before the table that it refers to.
    if (node.dependsOn.has(reference.node)) return places.node(reference.node)
  } else {
    const source = node.sources.get(sourceName(reference))
    if (source !== undefined) return places.source(source)
  }
  throw contractError(
    node,
    `its foreign key names ${to}, which the query does not: add -- depends_on: {{ ${to} }} to it`,
  )
}

/** A constraint as it stands behind its column's type. */
export function columnConstraint(node: GraphNode, constraint: Constraint, targets: KeyTargets): string {
  const { type, expression = '' } = constraint
  const words = {
    not_null: () => `not null ${expression}`,
    check: () => `check (${needed(node, constraint, expression)})`,
    unique: () => `unique ${expression}`,
    primary_key: () => `primary key ${expression}`,
    foreign_key: () => `references ${referred(node, constraint, targets)}`,
  }
  return `${nameOf(constraint)}${words[type]().trim()}`
}

/** A constraint as a part of its table; none for not_null, which is the columns' own. */
export function modelConstraint(node: GraphNode, constraint: Constraint, targets: KeyTargets): string[] {
  const { type, expression = '', columns = [] } = constraint
  const list = () => `(${needed(node, constraint, columns.join(', '))})`
  const words = {
    not_null: () => '',
    check: () => `check (${needed(node, constraint, expression)})`,
    unique: () => `unique ${expression} ${list()}`,
    primary_key: () => `primary key ${expression} ${list()}`,
    foreign_key: () => `foreign key ${list()} references ${referred(node, constraint, targets)}`,
  }
  return type === 'not_null' ? [] : [`${nameOf(constraint)}${words[type]()}`]
}

const nameOf = ({ name }: Constraint) => (name === undefined ? '' : `constraint ${escapeIdentifier(name)} `)

function referred(node: GraphNode, constraint: Constraint, targets: KeyTargets): string {
  const { to = '', to_columns: columns = [], expression = '' } = constraint
  const target = targets.get(to)
  if (target === undefined) return needed(node, constraint, expression)
  return columns.length === 0 ? relationSql(target) : `${relationSql(target)} (${columns.join(', ')})`
}

function needed(node: GraphNode, { type }: Constraint, text: string): string {
  if (text !== '') return text
  const parts = { check: 'an expression', foreign_key: 'to and to_columns, or an expression' }
  throw contractError(
    node,
    `its constraint ${type} needs ${type === 'check' || type === 'foreign_key' ? parts[type] : 'columns'}`,
  )
}
