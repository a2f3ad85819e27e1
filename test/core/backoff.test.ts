import { expect, test } from 'vitest'
import { backoffMs, sleep } from '../../core/backoff.ts'

const policy = { attempts: 5, baseMs: 1000, maxMs: 300_000 }

test.for([
  { attempt: 1, random: 1, wait: 1000 },
  { attempt: 3, random: 1, wait: 4000 },
  { attempt: 3, random: 0, wait: 0 },
  { attempt: 20, random: 1, wait: 300_000 },
])('after try $attempt with jitter $random the wait is $wait ms', ({ attempt, random, wait }) => {
  expect(backoffMs(policy, attempt, undefined, () => random)).toBe(wait)
})

test.for([
  { asked: 7000, wait: 7000 },
  { asked: 900_000, wait: 300_000 },
])('a wait of $asked ms that the other side asks for becomes $wait ms', ({ asked, wait }) => {
  expect(backoffMs(policy, 1, asked)).toBe(wait)
})

test('a wait ends at once when it is aborted', async () => {
  const controller = new AbortController()
  const waiting = sleep(60_000, controller.signal)
  controller.abort()
  await expect(waiting).rejects.toThrow()
})
