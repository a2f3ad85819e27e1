import { existsSync, statfsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOM_NEEDED = 2 * 1024 ** 3
const PREFIX = 'milepost-tmp-'
const LEFTOVER_AFTER_MS = 24 * 60 * 60 * 1000

/** Where test clusters go: in memory where there is room (a database is some 300 files to create), else the disk. */
export function clusterParent(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= ROOM_NEEDED ? memory : tmpdir()
}

/** A new folder for a test's own server, which the test removes; those of killed runs go after a day. */
export async function makeClusterFolder(): Promise<string> {
  const parent = clusterParent()
  for (const name of (await readdir(parent)).filter((entry) => entry.startsWith(PREFIX))) {
    // Another test may be removing its own at this moment.
    const found = await stat(join(parent, name)).catch(() => null)
    if (found === null || Date.now() - found.mtimeMs < LEFTOVER_AFTER_MS) continue
    if (found.uid === process.getuid?.()) await rm(join(parent, name), { recursive: true, force: true })
  }
  return mkdtemp(join(parent, PREFIX))
}
