import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durationSeconds, parseTimeSpan, secondsText } from '../../../transform/geotab/time-span.ts'

describe('case 34: durations', () => {
  test.for([
    { text: '00:00:00', seconds: '0.000000', warnings: [] },
    { text: '01:27:41', seconds: '5261.000000', warnings: [] },
    { text: '00:00:00.3000000', seconds: '0.300000', warnings: [] },
    { text: '00:00:00.0000019', seconds: '0.000001', warnings: [] },
    { text: '00:00:59.9999999', seconds: '59.999999', warnings: [] },
    { text: '1.02:03:04.1234567', seconds: '93784.123456', warnings: [] },
    { text: '100.00:00:00', seconds: '8640000.000000', warnings: [] },
    { text: '-00:00:05', seconds: '0.000000', warnings: ['NEGATIVE_DURATION:stop'] },
    { text: '-1.00:00:00.5', seconds: '0.000000', warnings: ['NEGATIVE_DURATION:stop'] },
    { text: '-00:00:00', seconds: '0.000000', warnings: [] },
    { text: '10675199.02:48:05.4775807', seconds: null, warnings: [] },
    { text: '-10675199.02:48:05.4775808', seconds: null, warnings: [] },
    { text: null, seconds: null, warnings: [] },
    { text: undefined, seconds: null, warnings: [] },
    { text: '', seconds: null, warnings: [] },
    { text: '24:00:00', seconds: null, warnings: ['BAD_DURATION:stop'] },
    { text: '00:60:00', seconds: null, warnings: ['BAD_DURATION:stop'] },
    { text: '00:00', seconds: null, warnings: ['BAD_DURATION:stop'] },
    { text: 'PT5S', seconds: null, warnings: ['BAD_DURATION:stop'] },
    { text: 5000, seconds: null, warnings: ['BAD_DURATION:stop'] },
    { text: {}, seconds: null, warnings: ['BAD_DURATION:stop'] },
  ])('$text is $seconds s, with the warnings $warnings', ({ text, seconds, warnings }) => {
    const told: string[] = []
    expect(durationSeconds(text, 'stop', told)).toBe(seconds)
    expect(told).toEqual(warnings)
  })
})

test('a duration written as .NET does comes back to the microsecond', () => {
  const micros = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(micros, fc.nat(9), (value, tick) => {
      expect(parseTimeSpan(timeSpan(value, tick))).toBe(value)
    }),
    { numRuns: 500 },
  )
})

test('seconds are written out to the microsecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (micros) => {
      const text = secondsText(micros)
      expect(text).toMatch(/^\d+\.\d{6}$/)
      expect(BigInt(text.replace('.', ''))).toBe(BigInt(micros))
    }),
  )
})

/** As .NET writes it in its constant form: days and the fraction only when there are any. */
function timeSpan(value: number, tick: number): string {
  const micros = BigInt(Math.abs(value))
  const seconds = micros / 1_000_000n
  const two = (part: bigint) => String(part).padStart(2, '0')
  const days = seconds / 86_400n
  const fraction = (micros % 1_000_000n) * 10n + BigInt(tick)
  const clock = [(seconds / 3600n) % 24n, (seconds / 60n) % 60n, seconds % 60n].map(two).join(':')
  const sign = value < 0 ? '-' : ''
  return `${sign}${days === 0n ? '' : `${days}.`}${clock}${fraction === 0n ? '' : `.${String(fraction).padStart(7, '0')}`}`
}
