import { onTestFinished } from 'vitest'
import type { TestDatabase } from './database.ts'
import { openTestSync, type TestDevice, type TestSync, type TestSyncOptions } from './vehicle-sync.ts'

/** A vehicle sync with thirty devices, closed when the test has ended. */
export async function openThirty(database: TestDatabase, options: Partial<TestSyncOptions> = {}): Promise<TestSync> {
  const devices: TestDevice[] = Array.from({ length: 30 }, (_, at) => ({ id: `b${at + 100}` }))
  const sync = await openTestSync(database, { devices, ...options })
  onTestFinished(() => sync.close())
  return sync
}
