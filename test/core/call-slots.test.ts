import { expect, test } from 'vitest'
import { memorySlots } from '../../core/call-slots.ts'

const signal = new AbortController().signal
const now = () => performance.now()

test('slots of a key are its span apart, in the order of asking', async () => {
  const slots = memorySlots()
  const from = now()
  const given: { i: number; at: number }[] = []
  await Promise.all(
    Array.from({ length: 4 }, async (_, i) => {
      await slots.acquire('k', 30, signal)
      given.push({ i, at: now() })
    }),
  )
  expect(given.map(({ i }) => i)).toEqual([0, 1, 2, 3])
  for (const [i, { at }] of given.entries()) expect(at - from).toBeGreaterThanOrEqual(i * 30)
})

test('keys do not wait for each other', async () => {
  const slots = memorySlots()
  await slots.acquire('a', 60_000, signal)
  await expect(slots.acquire('b', 60_000, AbortSignal.timeout(1_000))).resolves.toBeUndefined()
})

test('a block holds whoever waits and whoever comes', async () => {
  const slots = memorySlots()
  await slots.acquire('k', 20, signal)
  const from = now()
  const waiting = slots.acquire('k', 20, signal)
  await slots.block('k', 80)
  const coming = slots.acquire('k', 20, signal)
  await Promise.all([waiting, coming])
  expect(now() - from).toBeGreaterThanOrEqual(100)
})

test('a block makes slots that were far off near again: it is the other side that says when', async () => {
  const slots = memorySlots()
  await slots.acquire('k', 60_000, signal)
  await slots.block('k', 10)
  await expect(slots.acquire('k', 10, AbortSignal.timeout(1_000))).resolves.toBeUndefined()
})

test('a shorter block does not end a longer one', async () => {
  const slots = memorySlots()
  const from = now()
  await slots.block('k', 60)
  await slots.block('k', 1)
  await slots.acquire('k', 1, signal)
  expect(now() - from).toBeGreaterThanOrEqual(60)
})

test('whoever waits stops at once when told to', async () => {
  const slots = memorySlots()
  const stop = new AbortController()
  await slots.acquire('k', 60_000, signal)
  const waiting = slots.acquire('k', 1, stop.signal)
  stop.abort(new Error('stop'))
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  await expect(slots.acquire('new', 1, stop.signal)).rejects.toThrow('stop')
})
