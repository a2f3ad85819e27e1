import type { Pool } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import { lockId, tryLocks, type AdvisoryLock } from '../../db/advisory-lock.ts'

/**
 * Takes the locks that let one builder at a time work on a set of schemas, whichever project it builds. Throws a
 * PipelineError BUILD_BUSY that names the holder.
 */
export async function takeBuildLock(
  pool: Pool,
  project: string,
  schemas: string[],
): Promise<Pick<AdvisoryLock, 'signal' | 'release'>> {
  // Always in the same order, so that of two builders with schemas in common one gets all.
  const keys = schemas.toSorted().map((schema) => `build:${schema}`)
  const lock = await tryLocks(pool, keys)
  if (lock !== null) return lock
  const { rows } = await pool.query<{ holder: string }>(
    `select format('process %s (%s), connected since %s', a.pid, a.application_name, a.backend_start) as holder
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())
       and ((l.classid::bigint << 32) | l.objid::bigint) = any ($1::bigint[])`,
    [keys.map(lockId)],
  )
  const holder = rows[0]?.holder ?? 'a process that has just ended'
  throw new PipelineError(
    'BUILD_BUSY',
    `The models of ${project} are being built already, by database ${holder}. Wait for it, or stop it.`,
    'later',
  )
}
