import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutNotNumbers } from '../../../extract/geotab/not-numbers.ts'

test.for([
  { text: '{"speed":NaN}', clean: '{"speed":null}' },
  { text: '[NaN,Infinity,-Infinity]', clean: '[null,null,null]' },
  { text: '["NaN",NaN,"-Infinity"]', clean: '["NaN",null,"-Infinity"]' },
  { text: '["a\\"NaN",NaN,"\\\\",NaN]', clean: '["a\\"NaN",null,"\\\\",null]' },
  { text: '[NaNs,xNaN]', clean: '[NaNs,xNaN]' },
  { text: '[NaN,"cut off NaN', clean: '[null,"cut off NaN' },
  { text: '[NaN,"cut off \\"', clean: '[null,"cut off \\"' },
  { text: '', clean: '' },
])('$text is read as $clean', ({ text, clean }) => {
  expect(withoutNotNumbers(text)).toBe(clean)
})

test('what is JSON already stays as it is', () => {
  const words = fc.constantFrom('NaN', 'Infinity', '"', '\\', '-', 'a')
  const text = fc.array(words).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.array(text), (value, texts) => {
      const json = JSON.stringify([texts, value])
      expect(withoutNotNumbers(json)).toBe(json)
      expect(JSON.parse(withoutNotNumbers(`[NaN,${json},-Infinity]`))).toEqual([null, JSON.parse(json), null])
    }),
  )
})

test('a text of megabytes that breaks off takes no longer than its length', () => {
  const text = `[NaN,"${'a\\"'.repeat(2_000_000)}`
  const from = performance.now()
  expect(withoutNotNumbers(text)).toHaveLength(text.length + 1)
  expect(performance.now() - from).toBeLessThan(2_000)
})
