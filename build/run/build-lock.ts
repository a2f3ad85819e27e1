import type { Pool } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import { lockId, tryLock, type AdvisoryLock } from '../../db/advisory-lock.ts'

/** Takes the lock that lets one builder at a time work on a project. Throws a PipelineError BUILD_BUSY that names the holder. */
export async function takeBuildLock(pool: Pool, project: string): Promise<AdvisoryLock> {
  const key = `build:${project}`
  const lock = await tryLock(pool, key)
  if (lock !== null) return lock
  const { rows } = await pool.query<{ holder: string }>(
    `select format('process %s (%s), connected since %s', a.pid, a.application_name, a.backend_start) as holder
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())
       and ((l.classid::bigint << 32) | l.objid::bigint) = $1::bigint`,
    [lockId(key)],
  )
  const holder = rows[0]?.holder ?? 'a process that has just ended'
  throw new PipelineError(
    'BUILD_BUSY',
    `The models of ${project} are being built already, by database ${holder}. Wait for it, or stop it.`,
    'later',
  )
}
