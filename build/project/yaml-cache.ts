import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'

/** Values of YAML texts that were read before; to compose a document with all its places takes far longer. */
export interface YamlCache {
  /** The value of a text; undefined for one that was never read. A copy: whoever gets it may change it. */
  get(text: string): unknown
  add(text: string, value: unknown): void
  /** Keeps what was asked for and what was added, for the next command. */
  save(): void
}

// Another Node or another reading of YAML makes other values of the same text.
const VERSION = `1 ${process.version}`

/** Opens the cache in a file. One that is missing, broken or cannot be written costs time and nothing else. */
export function openYamlCache(path: string): YamlCache {
  const known = readEntries(path)
  const kept = new Map<string, Buffer>()
  const keyOf = (text: string) => createHash('sha256').update(VERSION).update(text).digest('base64')
  return {
    get: (text) => {
      const key = keyOf(text)
      const entry = known.get(key)
      if (entry === undefined) return undefined
      kept.set(key, entry)
      return deserialize(entry)
    },
    add: (text, value) => kept.set(keyOf(text), serialize(value)),
    save: () => {
      if (kept.size === known.size && [...kept.keys()].every((key) => known.has(key))) return
      try {
        mkdirSync(dirname(path), { recursive: true })
        const draft = `${path}.${randomUUID()}.tmp`
        writeFileSync(draft, serialize(kept))
        renameSync(draft, path)
      } catch (error) {
        if (!isFileError(error)) throw error
      }
    },
  }
}

function readEntries(path: string): Map<string, Buffer> {
  try {
    const entries: unknown = deserialize(readFileSync(path))
    return entries instanceof Map ? (entries as Map<string, Buffer>) : new Map()
  } catch (error) {
    // A file that is no longer whole is written again.
    if (error instanceof Error) return new Map()
    throw error
  }
}

const isFileError = (error: unknown) => error instanceof Error && 'code' in error
