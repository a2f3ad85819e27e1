import { expect, test } from 'vitest'
import { planInvoiceWindows } from '../../../extract/fullbay/windows.ts'

const settings = {
  startDate: '2026-01-01',
  windowDays: 7,
  repull: [
    { every_days: 0, back_days: 3 },
    { every_days: 7, back_days: 35 },
  ],
}
const span = (windows: { start: string; end: string }[]) => `${windows[0]?.start}..${windows.at(-1)?.end}`

test('the first run reads everything from the start date, in windows of seven days', () => {
  const plan = planInvoiceWindows(null, '2026-03-10', settings)
  expect(span(plan.windows)).toBe('2026-01-01..2026-03-10')
  expect(plan.windows).toHaveLength(10)
  expect(plan.repulledOn).toEqual({ 3: '2026-03-10', 35: '2026-03-10' })
})

test.for([
  {
    name: 'the next day re-reads three days',
    through: '2026-03-10',
    ran: '2026-03-10',
    today: '2026-03-11',
    from: '2026-03-08',
  },
  {
    name: 'a week later the wide rule is due',
    through: '2026-03-16',
    ran: '2026-03-10',
    today: '2026-03-17',
    from: '2026-02-10',
  },
  {
    name: 'after a long stop nothing is skipped',
    through: '2026-01-20',
    ran: '2026-01-20',
    today: '2026-03-10',
    from: '2026-01-20',
  },
  {
    name: 'no day before the start date is read',
    through: '2026-01-08',
    ran: '2026-01-01',
    today: '2026-01-08',
    from: '2026-01-01',
  },
])('$name', ({ through, ran, today, from }) => {
  const cursor = { complete_through: through, repulled_on: { 3: ran, 35: ran } }
  const plan = planInvoiceWindows(cursor, today, settings)
  expect(span(plan.windows)).toBe(`${from}..${today}`)
})

test.for([
  { name: 'a cursor of a clock that was ahead', through: '2027-03-10', ran: '2027-03-10', today: '2026-03-10' },
  { name: 'a start date after the cursor', through: '2025-06-01', ran: '2026-03-09', today: '2026-03-10' },
])('$name still reads through today', ({ through, ran, today }) => {
  const cursor = { complete_through: through, repulled_on: { 3: ran, 35: ran } }
  const plan = planInvoiceWindows(cursor, today, settings)
  expect(plan.windows.at(-1)?.end).toBe(today)
  expect(plan.windows.length).toBeGreaterThan(0)
})
