import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sleep } from '../../core/backoff.ts'
import { messageOf, PipelineError } from '../../core/errors.ts'
import { makeFolder } from './folder.ts'

const SQLITE_BUSY = 5
const POLL_MS = 15

/**
 * Runs `work` while no other command starts, joins or stops the server of `dataDir`. The lock is the operating
 * system's own on an empty SQLite file: it vanishes with its holder, however that one dies, so it is never stale.
 * Throws EMBEDDED_BUSY when the lock is not free within `timeoutMs`, EMBEDDED_FOLDER when the folder is not writable.
 */
export async function withLauncherLock<T>(dataDir: string, work: () => Promise<T>, timeoutMs = 180_000): Promise<T> {
  const lock = await openLock(dataDir)
  try {
    const deadline = Date.now() + timeoutMs
    while (!tryLock(lock)) {
      if (Date.now() > deadline) {
        throw new PipelineError(
          'EMBEDDED_BUSY',
          `Another command has been starting or stopping the embedded database in ${dataDir} for ` +
            `${Math.round(timeoutMs / 1000)} s. Try again when it has ended.`,
          'later',
        )
      }
      await sleep(POLL_MS)
    }
    return await work()
  } finally {
    lock.close()
  }
}

async function openLock(dataDir: string): Promise<DatabaseSync> {
  const file = join(dataDir, 'launcher.lock')
  try {
    await makeFolder(dataDir)
    await (await open(file, 'a+')).close()
    return new DatabaseSync(file, { timeout: 0 })
  } catch (cause) {
    throw new PipelineError(
      'EMBEDDED_FOLDER',
      `The folder of the embedded database cannot be used: ${messageOf(cause)}. ` +
        'Make it writable, choose another data folder, or set DATABASE_URL.',
      'never',
      { cause },
    )
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('begin exclusive')
    return true
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false
    throw error
  }
}
