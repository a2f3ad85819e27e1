import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf, PipelineError } from '../core/errors.ts'
import type { PastChange } from '../sandbox/geotab/memory.ts'
import { newKeyPair } from '../sandbox/sftp/key-pair.ts'

/**
 * What stand-ins keep between two starts, so that settings that were pasted stay good and whoever has read from them can
 * go on: a fleet that began anew would tell lower versions than before, as a vendor does after a loss of data.
 */
export interface SandboxFolder {
  path: string
  /** Folder of the SFTP server's files. */
  files: string
  /** The SFTP server's private key. */
  hostKey: string
  /** The day on which the fleet began to live: the first that was ever asked for. */
  fleetSince(day: string): string
  /** Changes of devices that were made in the fleet, oldest first. */
  changes(): PastChange[]
  noteChange(change: PastChange): void
  /** Runs `work` once a day: not when it has returned true on this day before. */
  onceOn(day: string, work: () => boolean): void
}

export function openSandboxFolder(path: string): SandboxFolder {
  mkdirSync(path, { recursive: true })
  const at = (name: string) => resolve(path, name)
  const kept = (name: string, make: () => string) => {
    if (!existsSync(at(name))) writeFileSync(at(name), make(), { mode: 0o600 })
    return readFileSync(at(name), 'utf8')
  }
  const journal = at('device-changes.jsonl')
  return {
    path,
    files: at('sftp'),
    hostKey: kept('sftp-host-key', () => newKeyPair().private),
    fleetSince: (day) => kept('fleet-since', () => day),
    changes: () => (existsSync(journal) ? readFileSync(journal, 'utf8') : '').split('\n').flatMap(readChange(path)),
    noteChange: (change) => appendFileSync(journal, `${JSON.stringify(change)}\n`),
    onceOn(day, work) {
      const name = 'vehicle-file-day'
      if (existsSync(at(name)) && readFileSync(at(name), 'utf8') === day) return
      if (work()) writeFileSync(at(name), day)
    },
  }
}

const readChange = (folder: string) => (line: string) => {
  if (line === '') return []
  try {
    const change = JSON.parse(line) as PastChange
    return [{ ...change, at: new Date(change.at) }]
  } catch (error) {
    throw new PipelineError(
      'SANDBOX_FOLDER',
      `What the stand-in fleet was told cannot be read (${messageOf(error)}). Remove ${folder} to begin anew: ` +
        'stand-ins and the database of what was read from them go together.',
      'never',
    )
  }
}
