import { createHash } from 'node:crypto'
import { sleep } from '../../core/backoff.ts'
import { PipelineError } from '../../core/errors.ts'
import type { SftpSession } from '../../core/sftp/session.ts'
import { seemsUnfinished } from './records.ts'

/** Which file is read, and when it is taken to be complete. */
export interface VehicleFileRules {
  path: string
  /** A file that must stand there and be no older than the vehicle file; null: none. */
  markerPath: string | null
  /** How often in all it must have looked the same, and how far apart. */
  polls: number
  settleSeconds: number
  /** How long a file that seems to end within a row must have looked the same. */
  unfinishedSeconds: number
  maxBytes: number
}

/** What a file looked like, and since when it has looked so. */
export interface Sighting {
  size: number
  modifiedAt: string
  /** ISO, by our clock. */
  since: string
}

export interface VehicleFile {
  path: string
  content: Buffer
  sha256: string
  modifiedAt: Date
}

export type VehicleFileLook =
  | { outcome: 'missing'; what: string }
  | { outcome: 'waiting'; why: string; sighting: Sighting }
  | { outcome: 'ready'; file: VehicleFile; sighting: Sighting }

export interface LookOptions {
  signal: AbortSignal
  now: () => Date
  /** What an earlier look saw; time that has passed since counts. */
  before: Sighting | null
  pause?: (seconds: number, signal: AbortSignal) => Promise<void>
}

/**
 * Reads the vehicle file when it is complete: it looked the same several times, the marker is there when one is asked
 * for, and it did not change while it was read. A file that seems to end within a row (its writer may have paused
 * there) must have rested longer. Otherwise says what is waited for; nothing is ever half read.
 */
export async function lookAtVehicleFile(
  session: SftpSession,
  rules: VehicleFileRules,
  options: LookOptions,
): Promise<VehicleFileLook> {
  const pause = options.pause ?? ((seconds, signal) => sleep(seconds * 1000, signal))
  const marker = rules.markerPath === null ? null : await session.stat(rules.markerPath)
  if (rules.markerPath !== null && marker === null) {
    return { outcome: 'missing', what: `the marker ${rules.markerPath}` }
  }
  let sighting = await sight(session, rules.path, options.before, options.now())
  const restedSeconds = (seen: Sighting) => (options.now().getTime() - Date.parse(seen.since)) / 1000
  for (let poll = 1; sighting !== null && poll < rules.polls; poll += 1) {
    const isKnown = sighting.since === options.before?.since
    if (isKnown && restedSeconds(sighting) >= rules.settleSeconds * (rules.polls - 1)) break
    await pause(rules.settleSeconds, options.signal)
    const next = await sight(session, rules.path, sighting, options.now())
    if (next !== null && next.since !== sighting.since) {
      return { outcome: 'waiting', why: 'it changed while it was looked at', sighting: next }
    }
    sighting = next
  }
  if (sighting === null) return { outcome: 'missing', what: rules.path }
  if (marker !== null && marker.modifiedAt < new Date(sighting.modifiedAt)) {
    return { outcome: 'waiting', why: `the marker ${rules.markerPath} is older than it`, sighting }
  }
  const content = await readWhole(session, rules)
  const after = await sight(session, rules.path, sighting, options.now())
  if (after === null) return { outcome: 'missing', what: rules.path }
  if (after.since !== sighting.since || after.size !== content.length) {
    return { outcome: 'waiting', why: 'it changed while it was read', sighting: after }
  }
  // As single bytes: quotes and line ends are the same in every encoding that is taken.
  if (seemsUnfinished(content.toString('latin1')) && restedSeconds(sighting) < rules.unfinishedSeconds) {
    const why = content.length === 0 ? 'it is empty' : 'it seems to end within a row'
    return { outcome: 'waiting', why: `${why}; it is taken once it has rested ${rules.unfinishedSeconds} s`, sighting }
  }
  const file = {
    path: rules.path,
    content,
    sha256: createHash('sha256').update(content).digest('hex'),
    modifiedAt: new Date(sighting.modifiedAt),
  }
  return { outcome: 'ready', file, sighting }
}

async function readWhole(session: SftpSession, { path, maxBytes }: VehicleFileRules): Promise<Buffer> {
  try {
    return await session.readFile(path, maxBytes)
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'SFTP_TOO_LARGE') throw error
    const message = `${error.message} Nothing of it was read. If it is meant to be so large, raise chevin.vehicle_updates.max_file_mb.`
    throw new PipelineError(error.code, message, 'never', { cause: error })
  }
}

async function sight(session: SftpSession, path: string, before: Sighting | null, now: Date): Promise<Sighting | null> {
  const found = await session.stat(path)
  if (found === null) return null
  const modifiedAt = found.modifiedAt.toISOString()
  const isSame = before !== null && before.size === found.size && before.modifiedAt === modifiedAt
  return { size: found.size, modifiedAt, since: isSame ? before.since : now.toISOString() }
}
