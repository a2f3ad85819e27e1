import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const guide = readFileSync(resolve(root, 'docs/chevin-sync.md'), 'utf8')

/** The rows of the guide's two tables: a number and, for each file, the names of tests that it gives. */
const rows = [...guide.matchAll(/^\| (\d+) \| .* \| (.*) \|$/gm)].flatMap(([, number = '', cell = '']) => {
  const kind = Number(number) > 50 ? 'case' : 'defect'
  return cell.split('<br>').flatMap((part) => {
    const [, file = '', names = ''] = /^`(.*?)`: (.*)$/.exec(part) ?? []
    return [...names.matchAll(/"(.*?)"/g)].map(([, name = '']) => ({ number: `${kind} ${number}`, file, name }))
  })
})

const numbered = (kind: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${kind} ${from + at}`)

test.for([...numbered('case', 51, 62), ...numbered('defect', 21, 30)])('the guide names a test for %s', (number) => {
  expect(rows.filter((row) => row.number === number).length).toBeGreaterThan(0)
})

test('every test that the guide names is there, and has the number in its name', () => {
  const wrong = rows.filter(({ number, file, name }) => {
    const lines = readFileSync(resolve(root, 'test', file), 'utf8').split('\n')
    // What a table's row is called stands for itself; its number may stand there or in the name of the test.
    return !lines.some((line) => line.includes(name) && new RegExp(`\\b${number}\\b`).test(line))
  })
  expect(wrong).toEqual([])
})
