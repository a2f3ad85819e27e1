import type { Reference } from '../project/data-test.ts'
import type { GraphTest } from './graph.ts'

type Locate = (reference: Reference) => string

/** The rows of a relation that a test is about. A `where` stands right at the relation, so that an index can serve it. */
const rowsOf = (relation: string, where: string | undefined) =>
  where === undefined ? relation : `(select * from ${relation} where ${where})`

/** The query for the wrong rows of a built-in test. `locate` gives a relation as SQL. */
export function builtInQuery(test: GraphTest, locate: Locate): string {
  const { builtIn, subject, settings, column } = test
  if (builtIn === null || subject === null) throw new Error(`${test.name} is not a built-in test`)
  const { where } = settings
  const relation = where === undefined ? locate(subject) : `${rowsOf(locate(subject), where)} as tested`
  switch (builtIn.type) {
    case 'not_null':
      return `select * from ${relation} where ${column} is null`
    case 'unique':
      return `select ${column} as unique_field, count(*) as n_records
from ${relation}
where ${column} is not null
group by ${column}
having count(*) > 1`
    case 'accepted_values':
      return `select value_field, n_records
from (select ${column} as value_field, count(*) as n_records from ${relation} group by ${column}) as found
where value_field not in (${builtIn.values})`
    default: {
      const { to, field } = builtIn.parent ?? { to: subject, field: '' }
      return `select from_field
from (select ${column} as from_field from ${relation} where ${column} is not null) as child
left join (select ${field} as to_field from ${locate(to)}) as parent on child.from_field = parent.to_field
where parent.to_field is null`
    }
  }
}

/**
 * One query that scans a relation once for many built-in tests of it that have the same `where`: the result has a
 * column `t0`, `t1`, … per test, zero when the test passes. (How many rows a failing test finds is counted by its own
 * query.)
 */
export function screeningQuery(tests: GraphTest[], locate: Locate): string {
  const [subject] = tests.flatMap((test) => test.subject ?? [])
  if (subject === undefined) throw new Error('a test that is about no relation cannot be screened')
  const where = tests[0]?.settings.where
  if (tests.some(({ settings }) => settings.where !== where))
    throw new Error('tests of other rows need a scan of their own')
  const joins: string[] = []
  const counts = tests.map(({ builtIn, column }, index) => {
    const filter = (wrong: string) => `count(*) filter (where ${wrong})`
    switch (builtIn?.type) {
      case 'not_null':
        return filter(`${column} is null`)
      case 'accepted_values':
        return filter(`${column} not in (${builtIn.values})`)
      case 'unique':
        return `count(${column}) - count(distinct ${column})`
      case 'relationships': {
        const { to, field } = builtIn.parent ?? { to: subject, field: '' }
        const parent = `screened_parent_${index}`
        // Distinct, so that the join adds no rows; under a name that no column of the subject has.
        joins.push(
          `left join (select distinct ${field} as ${parent} from ${locate(to)}) as ${parent} on ${parent} = ${column}`,
        )
        return filter(`${column} is not null and ${parent}.${parent} is null`)
      }
      default:
        throw new Error('only built-in tests are screened')
    }
  })
  const columns = counts.map((count, index) => `${count} as t${index}`)
  return `select ${columns.join(',\n  ')}\nfrom ${rowsOf(locate(subject), where)} as screened\n${joins.join('\n')}`
}
