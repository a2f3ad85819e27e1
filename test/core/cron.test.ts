import { expect, test } from 'vitest'
import { cronProblem } from '../../core/cron.ts'

test.for(['15 * * * *', '*/5 0-6,18-23 1 1,7 mon-fri', '0 3 * jan-mar 0', '59 23 31 12 7', '0 */2 * * *'])(
  '%s is a schedule',
  (expression) => {
    expect(cronProblem(expression)).toBeNull()
  },
)

test.for([
  ['99 * * * *', 'minute'],
  ['0 24 * * *', 'hour'],
  ['0 0 0 * *', 'day of month'],
  ['0 0 1 foo *', 'month'],
  ['0 0 * * 8', 'day of week'],
  ['5-1 * * * *', 'minute'],
  ['*/0 * * * *', 'minute'],
  ['1/2/3 * * * *', 'minute'],
  ['', 'five fields'],
  ['* * * *', 'five fields'],
])('%s is none, because of its %s', ([expression, what]) => {
  expect(cronProblem(expression!)).toContain(what)
})
