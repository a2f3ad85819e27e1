import { expect, test } from 'vitest'
import { callIntervalMs } from '../../../extract/geotab/limits.ts'
import { geotabRateLimiter, type LimitFacts } from '../../../extract/geotab/rate-limiter.ts'

const signal = new AbortController().signal

/** Slots that only note what is asked of them. */
function notedSlots() {
  const notes: (string | number)[][] = []
  return {
    notes,
    acquire: async (key: string, spanMs: number) => void notes.push(['acquire', key, Math.round(spanMs)]),
    block: async (key: string, ms: number) => void notes.push(['block', key, ms]),
  }
}

test.for([
  { method: 'Authenticate', entity: null, ms: 6_000 },
  { method: 'GetFeed', entity: 'Trip', ms: 1_050 },
  { method: 'GetFeed', entity: 'Device', ms: 1_050 },
  { method: 'Get', entity: 'DeviceStatusInfo', ms: 60_000 / 900 },
  { method: 'Get', entity: 'ExceptionEvent', ms: 30 },
  { method: 'Get', entity: 'Group', ms: 600 },
  { method: 'Set', entity: 'Device', ms: 600 },
  { method: 'GetAddresses', entity: null, ms: 200 },
  { method: 'toString', entity: null, ms: 600 },
])('$method $entity is called every $ms ms at most', ({ method, entity, ms }) => {
  expect(callIntervalMs(method, entity)).toBe(ms)
})

const key = { account: 'demo/1', method: 'Get', entity: 'Group' }

test('a call takes one span of its kind, many calls as many, and pacing stretches them', async () => {
  const slots = notedSlots()
  await geotabRateLimiter({ slots }).acquire(key, signal)
  await geotabRateLimiter({ slots }).acquire(key, signal, 100)
  await geotabRateLimiter({ slots, pacing: 1.5 }).acquire({ ...key, entity: null }, signal)
  expect(slots.notes).toEqual([
    ['acquire', 'geotab/demo/1/Get/Group', 600],
    ['acquire', 'geotab/demo/1/Get/Group', 60_000],
    ['acquire', 'geotab/demo/1/Get', 900],
  ])
})

test.for<{ name: string; facts: LimitFacts; seconds: number | null }>([
  { name: 'nothing', facts: { overLimit: false }, seconds: null },
  { name: 'calls left', facts: { overLimit: false, remaining: 3, resetSeconds: 40 }, seconds: null },
  {
    name: 'no calls left until the count begins anew',
    facts: { overLimit: false, remaining: 0, resetSeconds: 40 },
    seconds: 40,
  },
  { name: 'no calls left, and no time', facts: { overLimit: false, remaining: 0 }, seconds: null },
  { name: 'too many calls', facts: { overLimit: true }, seconds: 60 },
  { name: 'too many calls, wait', facts: { overLimit: true, retryAfterSeconds: 17 }, seconds: 17 },
  { name: 'too many calls, until the count begins anew', facts: { overLimit: true, resetSeconds: 5 }, seconds: 5 },
  { name: 'a wait of days', facts: { overLimit: true, retryAfterSeconds: 1e9 }, seconds: 900 },
  { name: 'a wait without a refusal', facts: { overLimit: false, retryAfterSeconds: 17 }, seconds: null },
])('a reply that says $name holds its kind for $seconds s', async ({ facts, seconds }) => {
  const slots = notedSlots()
  await geotabRateLimiter({ slots }).report(key, facts)
  expect(slots.notes).toEqual(seconds === null ? [] : [['block', 'geotab/demo/1/Get/Group', seconds * 1000]])
})
