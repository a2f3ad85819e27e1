import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, storableJson } from '../../core/json.ts'

test.for([
  ['a 23-digit id', '{"id":12345678901234567890123}'],
  ['a number beyond a double', '{"n":1e400}'],
  ['17 significant digits and trailing zeros', '{"n":10000000000000000.10}'],
  ['an ordinary long fraction', '{"n":1.2622222222222221}'],
  ['a number inside a list', '[12345678901234567890123,1]'],
])('%s comes out as it went in', ([, text]) => {
  expect(storableJson(parseJson(text!))).toBe(text)
})

test.for([
  ['1.1920929E-07', 1.1920929e-7],
  ['0.00000011920929', 1.1920929e-7],
  ['1.50e+3', 1500],
  ['-2.50E21', -2.5e21],
  ['1200000000000000000000000', 1.2e24],
] as const)('%s, which a double holds, is a JavaScript number', ([text, value]) => {
  expect(parseJson(`[${text}]`)).toEqual([value])
})

test.for(['1.00000000000000001E-07', '9007199254740993e0', '1e-400', '0.1000000000000000055e1'])(
  '%s, which a double would change, keeps its digits',
  (text) => {
    expect(storableJson(parseJson(`[${text}]`))).toBe(`[${text}]`)
  },
)

test('ordinary numbers stay JavaScript numbers', () => {
  expect(parseJson('{"a":1.5,"b":-3,"c":1.2622222222222221,"d":[1.50]}')).toEqual({
    a: 1.5,
    b: -3,
    c: 1.2622222222222221,
    d: [1.5],
  })
})

test('a digit run inside a text is no number', () => {
  expect(parseJson('{"vin":"a: 12345678901234567890123"}')).toEqual({ vin: 'a: 12345678901234567890123' })
})

test.for([
  ['NUL is left out', 'a\0b', '"ab"'],
  ['a lone surrogate is replaced', 'a\ud800b', '"a\ufffdb"'],
  ['a surrogate pair stays', 'a\u{1f69a}b', '"a\u{1f69a}b"'],
  ['a backslash before u0000 is text and stays', 'a\\u0000b', '"a\\\\u0000b"'],
])('%s', ([, value, stored]) => {
  expect(storableJson(value)).toBe(stored)
  expect(storableJson({ [value!]: [value] })).toBe(`{${stored}:[${stored}]}`)
})

test('whatever JSON can hold is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.parse(storableJson(parseJson(text)))).toEqual(JSON.parse(storableJson(JSON.parse(text))))
    }),
  )
})
