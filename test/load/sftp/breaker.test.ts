import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { isConnectionFailure, isOpen, tripped, type Breaker } from '../../../load/sftp/breaker.ts'

const policy = { attempts: 8, baseMs: 1000, maxMs: 60_000 }
const now = new Date('2026-01-21T12:00:00Z')
const dead = new PipelineError('SFTP_UNREACHABLE', 'nobody there', 'later')

test.for([
  { failures: 0, random: 1, waitMs: 1000 },
  { failures: 0, random: 0, waitMs: 500 },
  { failures: 2, random: 1, waitMs: 4000 },
  { failures: 30, random: 1, waitMs: 60_000 },
  { failures: 30, random: 0, waitMs: 30_000 },
])(
  'after $failures earlier failures and with jitter $random it is open for $waitMs ms',
  ({ failures, random, waitMs }) => {
    const before = failures === 0 ? null : { failures, openUntil: now, code: 'SFTP_TIMEOUT', message: '' }
    const breaker = tripped(before, dead, policy, now, () => random)
    expect(breaker).toMatchObject({ failures: failures + 1, code: 'SFTP_UNREACHABLE', message: 'nobody there' })
    expect(breaker.openUntil.getTime() - now.getTime()).toBe(waitMs)
  },
)

test('it is open until its time, and not from then on', () => {
  const breaker = tripped(null, dead, policy, now, () => 1)
  expect(isOpen(breaker, new Date(now.getTime() + 999))).toBe(true)
  expect(isOpen(breaker, new Date(now.getTime() + 1000))).toBe(false)
  expect(isOpen(null, now)).toBe(false)
})

test('however often it trips, the wait is at least half of what it may be and never above the cap', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }), (draws) => {
      let breaker: Breaker | null = null
      for (const [index, draw] of draws.entries()) {
        breaker = tripped(breaker, dead, policy, now, () => draw)
        const waitMs = breaker.openUntil.getTime() - now.getTime()
        const longest = Math.min(policy.maxMs, policy.baseMs * 2 ** index)
        expect(waitMs).toBeGreaterThanOrEqual(Math.floor(longest / 2))
        expect(waitMs).toBeLessThanOrEqual(longest)
      }
    }),
  )
})

test.for([
  ['SFTP_CUT_OFF', true],
  ['SFTP_TIMEOUT', true],
  ['SFTP_UNREACHABLE', true],
  ['SFTP_DISK_FULL', false],
  ['SFTP_CONFLICT', false],
] as const)('%s says something about the connection: %s', ([code, expected]) => {
  expect(isConnectionFailure(new PipelineError(code, '', 'later'))).toBe(expected)
})
