import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { epochMs, instantOf, parseInstant } from '../../core/instant.ts'

test.for([
  { text: '2026-01-27T10:59:54.269Z', instant: '2026-01-27T10:59:54.269Z' },
  { text: '2026-01-27T10:59:54Z', instant: '2026-01-27T10:59:54.000Z' },
  { text: '2026-01-27T10:59Z', instant: '2026-01-27T10:59:00.000Z' },
  { text: '2026-01-27', instant: '2026-01-27T00:00:00.000Z' },
  { text: '2026-01-27T10:59:54.2Z', instant: '2026-01-27T10:59:54.200Z' },
  { text: '2026-01-27T10:59:54.2690000Z', instant: '2026-01-27T10:59:54.269Z' },
  { text: '2026-01-27T10:59:54.269123Z', instant: '2026-01-27T10:59:54.269123Z' },
  { text: '2026-01-27T10:59:54.2690019Z', instant: '2026-01-27T10:59:54.269001Z' },
  { text: '2026-12-31T23:59:59.9999999Z', instant: '2026-12-31T23:59:59.999999Z' },
  { text: '2026-01-27T10:59:54', instant: '2026-01-27T10:59:54.000Z' },
  { text: '2026-01-27 10:59:54z', instant: '2026-01-27T10:59:54.000Z' },
  { text: ' 2026-01-27T10:59:54.269Z\n', instant: '2026-01-27T10:59:54.269Z' },
  { text: '2026-01-27T23:30:00-05:00', instant: '2026-01-28T04:30:00.000Z' },
  { text: '2026-01-27T02:30:00+0530', instant: '2026-01-26T21:00:00.000Z' },
  { text: '2024-02-29T00:00:00.000Z', instant: '2024-02-29T00:00:00.000Z' },
  { text: '0001-01-01T00:00:00.000Z', instant: '0001-01-01T00:00:00.000Z' },
  { text: '9999-12-31T23:59:59.9999999Z', instant: '9999-12-31T23:59:59.999999Z' },
])('$text is $instant', ({ text, instant }) => {
  expect(parseInstant(text)).toBe(instant)
})

test.for([[null], [undefined], [''], ['  ']])('%j is no instant', ([value]) => {
  expect(parseInstant(value)).toBeNull()
})

test.for([
  ['2026-02-29T00:00:00.000Z'],
  ['2100-02-29'],
  ['2026-13-01T00:00:00.000Z'],
  ['2026-00-01T00:00:00.000Z'],
  ['2026-01-00T00:00:00.000Z'],
  ['0000-01-01T00:00:00.000Z'],
  ['2026-01-27T24:00:00.000Z'],
  ['2026-01-27T10:60:00.000Z'],
  ['2026-01-27T10:59:60.000Z'],
  ['2026-01-27T10:59:5x.000Z'],
  ['2026-01-27T10:59:54.2x9Z'],
  ['2026-01-27T10:59:54,269Z'],
  ['2026/01/27T10:59:54.269Z'],
  ['9999-12-31T23:59:59-05:00'],
  ['0001-01-01T00:00:00+01:00'],
  ['yesterday'],
  ['1769511594269'],
  [1_769_511_594_269],
  [true],
  [{}],
])('%j cannot be read', ([value]) => {
  expect(parseInstant(value)).toBeUndefined()
})

describe('for any instant of the calendar', () => {
  const anInstant = fc.integer({ min: Date.parse('0001-01-01'), max: Date.parse('9999-12-31') })

  test('its text and its milliseconds lead to each other, as those of Date do', () => {
    fc.assert(
      fc.property(anInstant, (at) => {
        const text = new Date(at).toISOString()
        expect(parseInstant(text)).toBe(text)
        expect(epochMs(text)).toBe(at)
        expect(instantOf(at)).toBe(text)
      }),
    )
  })

  test('the long way of reading gives the same as the short one', () => {
    fc.assert(
      fc.property(anInstant, (at) => {
        const text = new Date(at).toISOString()
        expect(parseInstant(` ${text}`)).toBe(text)
        expect(parseInstant(text.replace('Z', '0000+00:00'))).toBe(text)
      }),
    )
  })

  test('microseconds are kept', () => {
    const recent = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) })
    fc.assert(
      fc.property(recent, fc.integer({ min: 1, max: 999 }), (at, micros) => {
        const text = new Date(at).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)
        expect(parseInstant(text)).toBe(text)
        expect(epochMs(text)).toBeCloseTo(at + micros / 1000, 3)
        expect(instantOf(epochMs(text))).toBe(text)
      }),
    )
  })
})
