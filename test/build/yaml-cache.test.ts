import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openYamlCache } from '../../build/project/yaml-cache.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-yaml-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a value comes back as it was added, a copy each time, and only by the same text', () => {
  const path = join(temporaryFolder(), 'target', 'parsed_yaml.bin')
  const value = { name: 'a', since: new Date('2026-01-01'), list: [1, null, true] }
  const first = openYamlCache(path)
  first.add('name: a', value)
  first.save()
  const second = openYamlCache(path)
  const copy = second.get('name: a') as typeof value
  expect(copy).toEqual(value)
  copy.list.push(2)
  expect(second.get('name: a')).toEqual(value)
  expect(second.get('name: b')).toBeUndefined()
})

test('what the last command did not ask for is forgotten', () => {
  const path = join(temporaryFolder(), 'parsed_yaml.bin')
  const first = openYamlCache(path)
  first.add('a: 1', { a: 1 })
  first.add('b: 1', { b: 1 })
  first.save()
  const second = openYamlCache(path)
  second.get('a: 1')
  second.save()
  const third = openYamlCache(path)
  expect([third.get('a: 1'), third.get('b: 1')]).toEqual([{ a: 1 }, undefined])
})

test.for([['no file', null] as const, ['a broken file', 'broken'] as const, ['an empty file', ''] as const])(
  'with %s it begins anew',
  ([, text]) => {
    const path = join(temporaryFolder(), 'parsed_yaml.bin')
    if (text !== null) writeFileSync(path, text)
    const cache = openYamlCache(path)
    expect(cache.get('a: 1')).toBeUndefined()
    cache.add('a: 1', { a: 1 })
    cache.save()
    expect(openYamlCache(path).get('a: 1')).toEqual({ a: 1 })
  },
)

test('where it cannot be written, nothing is kept and nothing fails', () => {
  const folder = temporaryFolder()
  const path = join(folder, 'taken', 'parsed_yaml.bin')
  mkdirSync(join(folder, 'taken', 'parsed_yaml.bin'), { recursive: true })
  writeFileSync(join(path, 'file'), 'x')
  const cache = openYamlCache(path)
  cache.add('a: 1', { a: 1 })
  cache.save()
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('x')
})
