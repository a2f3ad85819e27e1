import type { RelationName } from '../graph/relation.ts'
import { factsOf, readsOnly, type QueryFacts } from '../lineage/purity.ts'
import type { Session } from './session.ts'

// Functions that Postgres calls stable, and whose value is another one in another transaction.
const CLOCKS = ['now', 'transaction_timestamp', 'statement_timestamp', 'age', 'current_setting', 'current_schema']

/**
 * Tells whether queries give the same rows whenever the relations that they name hold the same rows: they read no
 * clock, no randomness, no setting, no function that somebody can change, and nothing that they do not declare.
 */
export class TimelessQueries {
  readonly #known = new Map<string, boolean>()

  async isTimeless(
    session: Session,
    sql: string,
    declared: RelationName[],
    { mayReadClock = false, mayLimit = true } = {},
  ): Promise<boolean> {
    const facts = await factsOf(sql)
    if (
      facts === null ||
      facts.isRandom ||
      (facts.hasLimit && !mayLimit) ||
      (facts.hasClock && !mayReadClock) ||
      !readsOnly(facts, declared)
    )
      return false
    await this.#learn(session, facts)
    return [...facts.functions].every((name) => this.#known.get(name) === true || (mayReadClock && name === 'now'))
  }

  async #learn(session: Session, facts: QueryFacts): Promise<void> {
    const unknown = [...facts.functions].filter((name) => !this.#known.has(name))
    if (unknown.length === 0) return
    const { rows } = await session.query<{ name: string; steady: boolean }>(
      `select proname as name, bool_and(pronamespace = 'pg_catalog'::regnamespace and provolatile <> 'v'
         and not (provolatile = 's' and (proname = any ($2) or proname ~ '^(pg_|txid_|inet_|current_)'))) as steady
       from pg_proc where proname = any ($1) group by 1`,
      [unknown, CLOCKS],
    )
    for (const name of unknown) this.#known.set(name, rows.find((row) => row.name === name)?.steady ?? false)
  }
}
