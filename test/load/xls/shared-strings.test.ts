import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as XLSX from 'xlsx'
import { textColumns, walk, writeOne } from './a-table.ts'

/** Texts back from the walk of our own and from another reader. */
async function readBack(texts: string[]) {
  const file = await writeOne(
    textColumns(1),
    texts.map((text) => [text]),
  )
  const own = walk(file).sheets[0]!.cells
  const other = XLSX.read(file.content, { type: 'buffer' }).Sheets['Sheet1']!
  return texts.map((_, row) => ({ own: own.get(`${row + 1},0`), other: (other[`A${row + 2}`] as XLSX.CellObject).v }))
}

const same = (texts: string[]) => texts.map((text) => ({ own: text, other: text }))

describe('texts', () => {
  test.for([1, 254, 255, 256, 257, 4111, 4112, 4113, 8223, 8224, 8225, 32_766, 32_767])(
    'of %d units come back whole, narrow or wide',
    async (length) => {
      const texts = ['x'.repeat(length), 'é'.repeat(length), 'я'.repeat(length)]
      if (length % 2 === 0) texts.push('😀'.repeat(length / 2))
      else texts.push(`я${'😀'.repeat((length - 1) / 2)}`, `${'😀'.repeat((length - 1) / 2)}z`)
      const different = [...new Set(texts)]
      expect(await readBack(different)).toEqual(same(different))
    },
  )

  // The first string starts behind 8 bytes of counts and the header's 10, and takes 3 more.
  test.for([
    { kind: 'narrow', text: 'straddling' },
    { kind: 'wide', text: 'странствие' },
    { kind: 'astral', text: '😀🚚🛻🚛🚜' },
    { kind: 'mixed', text: 'a😀bя🚚c' },
    { kind: 'a single character', text: 'я' },
    { kind: 'a single pair', text: '🚚' },
  ])('that straddle the end of a record at any place come back whole: $kind', async ({ text }) => {
    for (let left = 0; left < 30; left++) {
      const filler = 'f'.repeat(8224 - 8 - 10 - 3 - left)
      const texts = [filler, text, `${text} and on`]
      expect(await readBack(texts)).toEqual(same(texts))
    }
  })

  test('come back whole whatever they are and wherever they are cut', async () => {
    const piece = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'é', 'ÿ', ' ', '\t', '\n') }),
      fc.string({ unit: fc.constantFrom('я', '😀', '漢', 'a') }),
    )
    const text = fc
      .tuple(piece, fc.nat(9000), piece)
      .map(([start, length, end]) => `${start}${'-'.repeat(length)}${end}!`)
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 8 }), async (texts) => {
        expect(await readBack(texts)).toEqual(same(texts))
      }),
      { numRuns: 150 },
    )
  })

  test('are narrow up to U+00FF and wide from U+0100 on', async () => {
    const { globals } = walk(await writeOne(textColumns(1), [['ÿ'], ['Ā']]))
    const { body } = globals.find(({ id }) => id === 0x00fc)!
    expect(body.subarray(18).toString('hex')).toBe('010000ff0100010001')
  })
})
