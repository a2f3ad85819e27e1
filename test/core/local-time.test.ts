import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { localToUtc, parseDate } from '../../core/local-time.ts'

const DETROIT = 'America/Detroit'

describe('the calendar day of a text', () => {
  test.for([
    ['2025-05-30', '2025-05-30'],
    [' 2025-05-30 ', '2025-05-30'],
    ['2025-05-30 23:59:59', '2025-05-30'],
    ['2025-05-30T23:59:59Z', '2025-05-30'],
    ['2024-02-29', '2024-02-29'],
    ['2000-02-29', '2000-02-29'],
  ] as const)('"%s" is %s', ([text, date]) => {
    expect(parseDate(text)).toBe(date)
  })

  test.for(['', '   ', '0000-00-00', '0000-00-00 00:00:00'])('"%s" is no date', (text) => {
    expect(parseDate(text)).toBeNull()
  })

  test.for([
    '2025-02-30',
    '2025-02-29',
    '1900-02-29',
    '2025-13-01',
    '2025-00-10',
    '2025-04-31',
    '0025-05-30',
    '30.05.2025',
    '2025-5-3',
    'soon',
  ])('"%s" is not a day of the calendar', (text) => {
    expect(parseDate(text)).toBeUndefined()
    expect(localToUtc(text, DETROIT)).toBeUndefined()
  })
})

describe('local times', () => {
  test.for([
    { zone: DETROIT, local: '2025-05-28 10:30:00', utc: '2025-05-28T14:30:00.000Z', why: 'summer time' },
    { zone: DETROIT, local: '2025-01-28T10:30:00', utc: '2025-01-28T15:30:00.000Z', why: 'winter time' },
    { zone: DETROIT, local: '2025-05-28', utc: '2025-05-28T04:00:00.000Z', why: 'a day alone' },
    { zone: DETROIT, local: '2025-05-28 10:30', utc: '2025-05-28T14:30:00.000Z', why: 'no seconds' },
    { zone: DETROIT, local: '2025-05-28 10:30:00.1239', utc: '2025-05-28T14:30:00.123Z', why: 'a fraction' },
    { zone: DETROIT, local: '2025-03-09 01:59:59', utc: '2025-03-09T06:59:59.000Z', why: 'before the skipped hour' },
    { zone: DETROIT, local: '2025-03-09 02:30:00', utc: '2025-03-09T07:30:00.000Z', why: 'skipped: moved on to 03:30' },
    { zone: DETROIT, local: '2025-03-09 03:00:00', utc: '2025-03-09T07:00:00.000Z', why: 'after the skipped hour' },
    { zone: DETROIT, local: '2025-11-02 00:59:59', utc: '2025-11-02T04:59:59.000Z', why: 'before the repeated hour' },
    { zone: DETROIT, local: '2025-11-02 01:30:00', utc: '2025-11-02T05:30:00.000Z', why: 'shown twice: the first' },
    { zone: DETROIT, local: '2025-11-02 02:00:00', utc: '2025-11-02T07:00:00.000Z', why: 'after the repeated hour' },
    {
      zone: 'Australia/Lord_Howe',
      local: '2025-10-05 02:10:00',
      utc: '2025-10-04T15:40:00.000Z',
      why: 'half an hour skipped',
    },
    { zone: 'Asia/Kolkata', local: '2025-05-28 10:30:00', utc: '2025-05-28T05:00:00.000Z', why: 'half an hour off' },
    { zone: 'Pacific/Apia', local: '2011-12-31 00:30:00', utc: '2011-12-30T10:30:00.000Z', why: 'after a skipped day' },
    { zone: 'UTC', local: '2025-05-28 10:30:00', utc: '2025-05-28T10:30:00.000Z', why: 'UTC' },
    { zone: DETROIT, local: '2025-05-28T10:30:00Z', utc: '2025-05-28T10:30:00.000Z', why: 'Z is honoured' },
    {
      zone: DETROIT,
      local: '2025-05-28T10:30:00+05:30',
      utc: '2025-05-28T05:00:00.000Z',
      why: 'an offset is honoured',
    },
    {
      zone: DETROIT,
      local: '2025-05-28 10:30:00-0400',
      utc: '2025-05-28T14:30:00.000Z',
      why: 'an offset without colon',
    },
    { zone: DETROIT, local: '2025-05-28 10:30:00+02', utc: '2025-05-28T08:30:00.000Z', why: 'an offset in hours' },
  ])('$local in $zone is $utc ($why)', ({ zone, local, utc }) => {
    expect(localToUtc(local, zone)).toBe(utc)
  })

  test.for(['', '  ', '0000-00-00', '0000-00-00 00:00:00'])('"%s" is no time', (text) => {
    expect(localToUtc(text, DETROIT)).toBeNull()
  })

  test.for([
    '2025-05-28 24:00:00',
    '2025-05-28 10:60:00',
    '2025-05-28 10:30:60',
    '2025-05-28 10:30:00+24:00',
    '2025-05-28 10:30:00+02:60',
    '2025-05-28 10',
    '9999-12-31 23:00:00',
  ])('"%s" is not a time that can be stored', (text) => {
    expect(localToUtc(text, DETROIT)).toBeUndefined()
  })

  test('an unknown zone is named', () => {
    expect(() => localToUtc('2025-05-28 10:30:00', 'Mars/Olympus')).toThrow(/Mars\/Olympus/)
  })

  test('the clocks of the zone show the text again, or, where they skip it, a later one', () => {
    const zones = [
      DETROIT,
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'America/Sao_Paulo',
      'Africa/Casablanca',
    ]
    const instants = fc.date({ min: new Date('1990-01-01'), max: new Date('2037-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(instants, fc.constantFrom(...zones), (date, zone) => {
        const text = date.toISOString().slice(0, 19).replace('T', ' ')
        const shown = shownAt(localToUtc(text, zone) ?? '', zone)
        if (shown === text) return
        const skipped = Date.parse(`${shown}Z`) - Date.parse(`${text}Z`)
        expect(skipped).toBeGreaterThan(0)
        expect(skipped).toBeLessThanOrEqual(3_600_000)
      }),
      { numRuns: 500 },
    )
  })

  test('around every change of the clocks the first reading is taken and none is lost', () => {
    for (let minutes = 0; minutes < 3 * 1440; minutes += 10) {
      const spring = new Date(Date.UTC(2025, 2, 8, 0, minutes)).toISOString().slice(0, 16).replace('T', ' ')
      const autumn = new Date(Date.UTC(2025, 10, 1, 0, minutes)).toISOString().slice(0, 16).replace('T', ' ')
      const skipped = spring >= '2025-03-09 02:00' && spring < '2025-03-09 03:00'
      expect(shownAt(localToUtc(spring, DETROIT) ?? '', DETROIT) === `${spring}:00`).toBe(!skipped)
      const instant = localToUtc(autumn, DETROIT) ?? ''
      expect(shownAt(instant, DETROIT)).toBe(`${autumn}:00`)
      const hourEarlier = new Date(Date.parse(instant) - 3_600_000).toISOString()
      expect(shownAt(hourEarlier, DETROIT)).not.toBe(`${autumn}:00`)
    }
  })
})

function shownAt(instant: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  return format.format(new Date(instant))
}
