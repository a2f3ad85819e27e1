import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, dayAt, daysIn, halves, windowsBetween } from '../../core/date-window.ts'

test.for([
  { start: '2024-02-26', end: '2024-03-04', days: 7, windows: ['2024-02-26..2024-03-03', '2024-03-04..2024-03-04'] },
  { start: '2025-01-01', end: '2025-01-01', days: 7, windows: ['2025-01-01..2025-01-01'] },
  { start: '2025-01-02', end: '2025-01-01', days: 7, windows: [] },
  { start: '2025-12-30', end: '2026-01-02', days: 2, windows: ['2025-12-30..2025-12-31', '2026-01-01..2026-01-02'] },
])('$start to $end in windows of $days days', ({ start, end, days, windows }) => {
  expect(windowsBetween(start, end, days).map((w) => `${w.start}..${w.end}`)).toEqual(windows)
})

test('windows cover each day of a span once and no other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 7 }), (length, days) => {
      const windows = windowsBetween('2024-01-01', addDays('2024-01-01', length), days)
      expect(windows.reduce((sum, window) => sum + daysIn(window), 0)).toBe(length + 1)
      for (const [i, window] of windows.entries()) {
        expect(daysIn(window)).toBeLessThanOrEqual(days)
        if (i > 0) expect(window.start).toBe(addDays(windows[i - 1]!.end, 1))
      }
    }),
  )
})

test.for([
  [7, '2025-01-01..2025-01-04', '2025-01-05..2025-01-07'],
  [2, '2025-01-01..2025-01-01', '2025-01-02..2025-01-02'],
])('a window of %i days is halved without a gap', ([days, first, second]) => {
  const parts = halves({ start: '2025-01-01', end: addDays('2025-01-01', Number(days) - 1) })
  expect(parts?.map((w) => `${w.start}..${w.end}`)).toEqual([first, second])
})

test('a single day has no halves', () => {
  expect(halves({ start: '2025-01-01', end: '2025-01-01' })).toBeNull()
})

test.for([
  ['2026-11-21T03:00:00Z', 'America/Detroit', '2026-11-20'],
  ['2026-11-21T06:00:00Z', 'America/Detroit', '2026-11-21'],
  ['2026-11-21T23:30:00Z', 'UTC', '2026-11-21'],
])('at %s the day in %s is %s', ([instant, zone, day]) => {
  expect(dayAt(new Date(instant!), zone!)).toBe(day)
})
