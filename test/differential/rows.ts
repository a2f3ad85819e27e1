import { escapeIdentifier, escapeLiteral, type Pool } from 'pg'
import type { Findings } from './findings.ts'
import type { Relation } from './relations.ts'

/** What is left out of the comparison, or replaced in it, because it cannot be equal. */
export interface RowRules {
  /** When each pass began. A time since then is the build's own clock and stands for its pass. */
  passes: Date[]
  /** Columns that are not compared: a name, or `relation.column`. */
  ignore: string[]
}

const WITHOUT_EQUALITY = /^(json|xml|point|line|lseg|box|path|polygon|circle)\b/
const SAMPLES = 3
const SAMPLE_LENGTH = 500

/** Compares the rows of two relations as multisets, in the columns that both have. */
export async function compareRows(
  findings: Findings,
  pool: Pool,
  pair: { ours: Relation; dbt: Relation },
  rules: RowRules,
): Promise<void> {
  const { label } = pair.dbt
  const columns = comparable(pair, rules)
  if (columns.length === 0) return
  const selected = (relation: Relation) =>
    `select ${columns.map(({ name, text }) => `${text} as ${name}`).join(', ')} from ${relation.address}`
  const both = `with ours as materialized (${selected(pair.ours)}), dbt as materialized (${selected(pair.dbt)})`
  const only = (one: string, other: string, names = '*') =>
    `(select ${names} from ${one} except all select ${names} from ${other}) as left_over`
  const { rows } = await pool.query<{ ours: number; dbt: number; all: number }>(
    `${both} select
      (select count(*) from ${only('ours', 'dbt')})::int as ours,
      (select count(*) from ${only('dbt', 'ours')})::int as dbt,
      (select count(*) from dbt)::int as all`,
  )
  const counts = rows[0]!
  findings.counts.rows += counts.all
  if (counts.ours + counts.dbt === 0) return
  const { rows: differing } = await pool.query<{ name: string }>(
    columns
      .map(
        ({ name }) =>
          `(${both} select ${escapeLiteral(name)} as name where exists (select from ${only('ours', 'dbt', name)}) or exists (select from ${only('dbt', 'ours', name)}))`,
      )
      .join(' union all '),
  )
  // The first column is most often the key; where no column differs alone, rows differ in how columns go together.
  const told = differing.length === 0 ? ['*'] : [...new Set([columns[0]!.name, ...differing.map(({ name }) => name)])]
  for (const [side, one, other] of [
    ['we have', 'ours', 'dbt'],
    ['dbt has', 'dbt', 'ours'],
  ] as const) {
    if (counts[one] === 0) continue
    const { rows: samples } = await pool.query<{ sample: string }>(
      `${both} select to_json(told)::text as sample from (select ${told.join(', ')} from ${only(one, other)} limit ${SAMPLES}) as told`,
    )
    const such = samples.map(({ sample }) => sample.slice(0, SAMPLE_LENGTH)).join(' ')
    findings.differences.push(`rows of ${label}: only ${side} ${counts[one]}, such as ${such}`)
  }
}

/** The columns that both have, as SQL in which values that should be equal are. */
function comparable(pair: { ours: Relation; dbt: Relation }, rules: RowRules): { name: string; text: string }[] {
  const isSnapshot = pair.dbt.columns.some(({ name }) => name === 'dbt_updated_at')
  return pair.dbt.columns.flatMap((theirs) => {
    const own = pair.ours.columns.find(({ name }) => name === theirs.name)
    const isIgnored = rules.ignore.includes(theirs.name) || rules.ignore.includes(`${pair.dbt.label}.${theirs.name}`)
    if (own === undefined || isIgnored) return []
    const name = escapeIdentifier(theirs.name)
    const read = (text: string) => [{ name, text }]
    // It hashes dbt_updated_at, so where that is the build's clock it differs between any two builds.
    if (isSnapshot && theirs.name === 'dbt_scd_id') {
      return read(`case when ${passOf('dbt_updated_at', rules.passes)} is null then ${name}::text end`)
    }
    if (/^timestamp[^[]*$/.test(theirs.type)) return read(`coalesce(${passOf(name, rules.passes)}, ${name}::text)`)
    // Sums of floating point depend on the order of the rows in the last digit, which numeric rounds off.
    if (theirs.type === 'double precision' && own.type === theirs.type) return read(`${name}::numeric`)
    return read(own.type !== theirs.type || WITHOUT_EQUALITY.test(theirs.type) ? `${name}::text` : name)
  })
}

/** SQL for the pass in which a time was now, or null. A time without zone may be UTC or the session's. */
function passOf(column: string, passes: Date[]): string {
  const moment = `greatest(${column}::timestamptz, ${column}::timestamp at time zone 'UTC')`
  const whens = passes
    .map((start, index) => `when ${moment} >= ${escapeLiteral(start.toISOString())} then 'pass ${index + 1}'`)
    .reverse()
  return `case when ${moment} > clock_timestamp() then null ${whens.join(' ')} end`
}
