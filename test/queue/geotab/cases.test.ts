import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const guide = readFileSync(resolve(root, 'docs/geotab.md'), 'utf8')
const files = globSync('**/*.ts', { cwd: resolve(root, 'test') })

/** The lines of the test file that the guide calls so, such as `queue/geotab/corrections` or `corrections`. */
function linesOf(name: string): string[] {
  const found = files.filter((file) => `/${file.replace(/(\.db|\.long)?(\.test)?\.ts$/, '')}`.endsWith(`/${name}`))
  return found.flatMap((file) => readFileSync(resolve(root, 'test', file), 'utf8').split('\n'))
}

/** `3`, `12, 13` or `38-41` as numbers. */
const numbersOf = (text: string) =>
  text.split(', ').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, at) => from + at)
  })

/** The rows of the guide's table: cases, and the names of tests that it gives, each with the lines of its file. */
const rows = [...guide.matchAll(/^\| (\d[\d, -]*) \| .* \| (.*) \|$/gm)].map(([, numbers = '', cell = '']) => ({
  numbers: numbersOf(numbers),
  tests: cell.split(/(?=`)(?<=^|[;,)] )/).flatMap((part) => {
    const file = /^`(.*?)`/.exec(part)?.[1] ?? ''
    return [...part.matchAll(/"(.*?)"/g)].map(([, name = '']) => ({ file, name }))
  }),
}))

/** The line on which a test of that name stands; a name may be cut by `…`. */
const lineOf = ({ file, name }: { file: string; name: string }) =>
  linesOf(file).find((line) => name.split('…').every((piece) => line.includes(piece.trim())))

const CASES = [...numbersOf('1-50'), ...numbersOf('63-65')]

test.for(CASES)('the guide names a test for case %d, which has the number in its name', (number) => {
  const named = rows.filter(({ numbers }) => numbers.includes(number)).flatMap(({ tests }) => tests)
  const lines = named.map(lineOf).filter((line) => line !== undefined)
  expect(lines.filter((line) => new RegExp(`\\bcase ${number}\\b`).test(line)).length).toBeGreaterThan(0)
})

test('every test that the guide names is there', () => {
  const all = rows.flatMap(({ tests }) => tests)
  expect(all.length).toBeGreaterThan(80)
  expect(all.filter((one) => lineOf(one) === undefined)).toEqual([])
})
