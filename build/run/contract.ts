import { DatabaseError } from 'pg'
import type { Places } from '../graph/context.ts'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Compiled } from '../template/render.ts'
import { columnConstraint, contractError, modelConstraint, withTargets } from './contract-constraints.ts'
import type { Column, Made } from './increment.ts'
import { names } from './materialize.ts'
import type { Session } from './session.ts'
import { runCompiled } from './statement-error.ts'

interface TypedColumn extends Column {
  oid: number
}

/**
 * Makes a model as its contract says: after the comparison, a table gets the contract's columns in the contract's
 * order, with its constraints, and is filled. `places` says where what its foreign keys name stands in this build.
 * Throws a PipelineError MODEL_CONTRACT.
 */
export async function createByContract(
  session: Session,
  node: GraphNode,
  shadow: RelationName,
  compiled: Compiled,
  places: Places,
): Promise<Made> {
  await checkContract(session, node, compiled)
  const target = relationSql(shadow)
  if (node.config.materialized === 'view') {
    await runCompiled(session, `create view ${target} as\n`, compiled)
    return { rows: null, warnings: [], increment: null, isRepeatable: true }
  }
  const columns = node.columns.map((column) => ({ ...column, name: columnName(column) }))
  const withoutNulls = node.constraints.flatMap(({ type, columns: some = [] }) => (type === 'not_null' ? some : []))
  const targets = await withTargets(session, node, places)
  const parts = [
    ...columns.map(({ name, constraints, ...column }) => {
      const notNull = withoutNulls.includes(name) ? ['not null'] : []
      const own = constraints.map((constraint) => columnConstraint(node, constraint, targets))
      return [names([name]), typeOf(node, column), ...notNull, ...own].join(' ')
    }),
    ...node.constraints.flatMap((constraint) => modelConstraint(node, constraint, targets)),
  ]
  try {
    await session.attempt(() => session.query(`create table ${target} (\n${parts.join(',\n')}\n)`))
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw contractError(node, `its table cannot be made: ${error.message}`, error)
  }
  const list = names(columns.map(({ name }) => name))
  const { rowCount } = await runCompiled(
    session,
    `insert into ${target} (${list})\nselect ${list} from (\n`,
    compiled,
    '\n) as model_query',
  )
  return { rows: rowCount, warnings: [], increment: null, isRepeatable: true }
}

/** Compares the columns of a query with its model's contract. Throws a PipelineError MODEL_CONTRACT. */
async function checkContract(session: Session, node: GraphNode, compiled: Compiled): Promise<void> {
  const { fields } = await runCompiled(session, 'select * from (\n', compiled, '\n) as model_query limit 0')
  const found = await named(session, fields)
  const promised = await contractColumns(session, node)
  const rows: [string, string, string, string][] = []
  for (const column of promised) {
    const [first, ...others] = found.filter(({ name }) => name === column.name)
    if (first === undefined) rows.push([column.name, column.type, '-', 'missing in the query'])
    else if (others.length > 0) rows.push([column.name, column.type, first.type, 'twice in the query'])
    else if (familyOf(first.oid) !== familyOf(column.oid))
      rows.push([column.name, column.type, first.type, 'another type'])
  }
  for (const { name, type } of found) {
    if (!promised.some((column) => column.name === name)) rows.push([name, '-', type, 'not in the contract'])
  }
  if (rows.length === 0) return
  throw contractError(
    node,
    `the query does not keep the contract:\n${tableOf([['column', 'contract', 'query', ''], ...rows])}`,
  )
}

/** A name that YAML does not quote is one that Postgres folds. */
const columnName = ({ name, quote }: GraphNode['columns'][number]) => (quote === true ? name : name.toLowerCase())

// What dbt lets pass for one another: the table takes the contract's type, and the insert converts.
const FAMILIES = [
  [21, 23], // smallint, integer
  [700, 701], // real, double precision
  [18, 19, 25, 1042, 1043], // "char", name, text, char, varchar
  [1083, 1266], // time without and with time zone
  [1005, 1006, 1007], // and arrays of them
  [1021, 1022],
  [1002, 1003, 1009, 1014, 1015],
  [1183, 1270],
]

const familyOf = (oid: number) => FAMILIES.find((family) => family.includes(oid))?.[0] ?? oid

/** dbt's own word for text is translated, unless the contract says not to. */
function typeOf({ config }: GraphNode, { data_type: type = 'text' }: { data_type?: string | undefined }): string {
  return config.contract?.alias_types !== false && /^string$/i.test(type.trim()) ? 'text' : type
}

async function contractColumns(session: Session, node: GraphNode): Promise<TypedColumn[]> {
  const list = node.columns.map((column) => `cast(null as ${typeOf(node, column)}) as ${names([columnName(column)])}`)
  try {
    const { fields } = await session.attempt(() => session.query(`select ${list.join(', ')}`))
    return await named(session, fields)
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw contractError(node, `the contract cannot be read: ${error.message}`, error)
  }
}

async function named(
  session: Session,
  fields: { name: string; dataTypeID: number; dataTypeModifier: number }[],
): Promise<TypedColumn[]> {
  const { rows } = await session.query<{ type: string }>(
    `select format_type(oid, nullif(modifier, -1)) as type
     from unnest($1::oid[], $2::int[]) with ordinality as f (oid, modifier, index) order by index`,
    [fields.map((field) => field.dataTypeID), fields.map((field) => field.dataTypeModifier)],
  )
  return fields.map(({ name, dataTypeID: oid }, index) => ({ name, oid, type: rows[index]?.type ?? '' }))
}

function tableOf(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}
