import type { ClientBase, Pool } from 'pg'
import { escapeIdentifier } from 'pg'
import { messageOf, PipelineError } from '../core/errors.ts'

/** What every fresh connection to a Milepost database starts with: the published relations unqualified, times in UTC. */
const DEFAULTS = [
  { name: 'search_path', value: '"$user", public, marts, reports', sql: '"$user", public, marts, reports' },
  { name: 'TimeZone', value: 'UTC', sql: "'UTC'" },
]

const literals = (texts: string[]) => texts.map((text) => `'${text}'`).join(', ')

/** SQL, true when the connected database has those defaults and the connection goes by them. */
export const HAS_DEFAULTS = `(
  (select count(*) from pg_db_role_setting
   where setdatabase = (select oid from pg_database where datname = current_database()) and setrole = 0
     and setconfig @> array[${literals(DEFAULTS.map(({ name, value }) => `${name}=${value}`))}]) = 1
  and row(${DEFAULTS.map(({ name }) => `current_setting('${name}')`).join(', ')}) = row(${literals(DEFAULTS.map(({ value }) => value))})
)`

/**
 * Gives a database (by default the connected one) those defaults where they differ. They hold for connections opened
 * afterwards. They are settings of the database itself, which neither a dump nor a copy of a template carries along.
 * Throws DATABASE_NOT_OWNED, with the statement for its owner, when the role may not set them.
 */
export async function setDatabaseDefaults(client: Pool | ClientBase, database?: string): Promise<void> {
  const { rows } = await client.query<{ database: string; settings: string[] }>(
    `select d.datname as database, coalesce(s.setconfig, '{}') as settings
     from pg_database as d
     left join pg_db_role_setting as s on s.setdatabase = d.oid and s.setrole = 0
     where d.datname = coalesce($1, current_database())`,
    [database],
  )
  for (const current of rows) {
    for (const { name, value, sql } of DEFAULTS) {
      if (current.settings.includes(`${name}=${value}`)) continue
      const statement = `alter database ${escapeIdentifier(current.database)} set ${name} = ${sql}`
      try {
        await client.query(statement)
      } catch (cause) {
        throw new PipelineError(
          'DATABASE_NOT_OWNED',
          `The database's default ${name} could not be set (${messageOf(cause)}). Let its owner run: ${statement};`,
          'never',
          { cause },
        )
      }
    }
  }
}
