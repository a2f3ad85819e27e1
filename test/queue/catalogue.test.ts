import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { DEAD_LETTERS, FEEDS, QUEUES } from '../../queue/catalogue.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const migrations = readdirSync(resolve(ROOT, 'sql/migrations'))
  .map((file) => readFileSync(resolve(ROOT, 'sql/migrations', file), 'utf8'))
  .join('\n')

/** Everything that belongs to a feed besides its entry (docs/add-a-source.md), and is not there. */
function missingParts(feed: (typeof FEEDS)[number]): string[] {
  const [source = '', entity = ''] = feed.name.split('.')
  const folders = [
    `extract/${source}`,
    `transform/${source}`,
    `models/staging/${source}`,
    `sandbox/${source}`,
    `queue/${source}`,
    `test/extract/${source}`,
    `test/transform/${source}`,
    `test/sandbox/${source}`,
    `test/fixtures/${source}`,
  ]
  const missing = folders.filter((folder) => !existsSync(resolve(ROOT, folder)))
  if (feed.source !== source) missing.push(`a name that begins with its source (${feed.source}.)`)
  if (feed.table !== `raw.${source}__${entity}`) missing.push(`the table raw.${source}__${entity}`)
  if (!migrations.includes(`create table ${feed.table} (`)) missing.push(`a migration that makes ${feed.table}`)
  if (!migrations.includes(`create table base.${source}__`)) missing.push(`base tables of ${source}`)
  return missing
}

test.for(FEEDS)('$name has all its parts', (feed) => {
  expect(missingParts(feed)).toEqual([])
})

test('a feed without its parts is told what is missing', () => {
  const stranger = { ...FEEDS[0]!, name: 'acme.widgets', table: 'raw.things' }
  expect(missingParts(stranger)).toEqual(
    expect.arrayContaining(['extract/acme', 'models/staging/acme', 'the table raw.acme__widgets']),
  )
})

test('names of feeds and queues are unique', () => {
  const names = [...FEEDS.map((feed) => feed.name), ...Object.keys(QUEUES), DEAD_LETTERS]
  expect(new Set(names).size).toBe(names.length)
})

test.for(Object.entries(QUEUES))('a worker of queue %s that dies is noticed, and its work has an end', ([, queue]) => {
  expect(queue.heartbeatSeconds).toBeGreaterThanOrEqual(10)
  expect(queue.expireInSeconds).toBeGreaterThan(0)
  expect(queue.concurrency).toBeGreaterThan(0)
})
