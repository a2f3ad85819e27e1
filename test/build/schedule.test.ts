import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runTasks, type Task } from '../../build/run/schedule.ts'
import type { Connection, Connections } from '../../build/run/session.ts'

/** Connections that only count: a task here asks the database nothing. */
function countingConnections(): Connections & { opened: number } {
  const never = () => Promise.reject(new Error('a task of this test asked the database'))
  const connections = {
    opened: 0,
    open: () => {
      connections.opened += 1
      const connection: Connection = {
        pid: connections.opened,
        session: { query: never, script: never, attempt: never },
        transaction: never,
      }
      return Promise.resolve(connection)
    },
  }
  return connections
}

/** Tasks that each wait for some of those before them, in any order, and take some turns. */
const graphs = fc
  .array(
    fc.record({
      after: fc.array(fc.nat(), { maxLength: 4 }),
      turns: fc.nat({ max: 3 }),
      connects: fc.boolean(),
      rank: fc.nat(),
    }),
    {
      maxLength: 25,
    },
  )
  .map((drawn) =>
    drawn
      .map(({ after, ...rest }, index) => ({
        ...rest,
        id: `t${index}`,
        after: index === 0 ? [] : [...after.map((number) => `t${number % index}`), 'no task'],
      }))
      .toSorted((a, b) => a.rank - b.rank),
  )

test('each task runs once, after those it waits for, and no more of them than there are threads', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 5 }), async (drawn, threads) => {
      const done: string[] = []
      const busy = new Set<string>()
      let running = 0
      const connections = countingConnections()
      const pids = new Map<string, Set<number>>()
      const tasks: Task[] = drawn.map(({ id, after, turns, connects }) => ({
        id,
        after,
        run: async (connect, thread) => {
          expect(done).not.toContain(id)
          expect(after.filter((other) => other !== 'no task' && !done.includes(other))).toEqual([])
          expect(busy.has(thread)).toBe(false)
          busy.add(thread)
          running += 1
          expect(running).toBeLessThanOrEqual(threads)
          if (connects) pids.set(thread, (pids.get(thread) ?? new Set()).add((await connect()).pid))
          for (let turn = 0; turn < turns; turn += 1) await setImmediate()
          running -= 1
          busy.delete(thread)
          done.push(id)
        },
      }))
      await runTasks(tasks, threads, connections)
      expect(done.toSorted()).toEqual(drawn.map(({ id }) => id).toSorted())
      // A thread opens one connection, and only when a task needs it.
      expect([...pids.values()].every((own) => own.size === 1)).toBe(true)
      expect(connections.opened).toBe(pids.size)
    }),
    { numRuns: 100 },
  )
})

test('a rejection lets what runs end, begins nothing more, and is passed on', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 5 }), fc.nat(), async (drawn, threads, which) => {
      fc.pre(drawn.length > 0)
      const failing = drawn[which % drawn.length]?.id
      const begun: string[] = []
      let running = 0
      let hasFailed = false
      const tasks: Task[] = drawn.map(({ id, after, turns }) => ({
        id,
        after,
        run: async () => {
          expect(hasFailed).toBe(false)
          begun.push(id)
          running += 1
          for (let turn = 0; turn < turns; turn += 1) await setImmediate()
          running -= 1
          if (id !== failing) return
          hasFailed = true
          throw new Error(`${id} failed`)
        },
      }))
      await expect(runTasks(tasks, threads, countingConnections())).rejects.toThrow(`${failing} failed`)
      expect(running).toBe(0)
      expect(new Set(begun).size).toBe(begun.length)
    }),
    { numRuns: 50 },
  )
})

test('of the tasks that are ready the first one begins, whichever became ready last', async () => {
  const begun: string[] = []
  const task = (id: string, ...after: string[]): Task => ({
    id,
    after,
    run: () => Promise.resolve(void begun.push(id)),
  })
  await runTasks([task('a', 'c'), task('b'), task('c'), task('d')], 1, countingConnections())
  expect(begun).toEqual(['b', 'c', 'a', 'd'])
})

test('there may be nothing to do', async () => {
  const connections = countingConnections()
  await runTasks([], 4, connections)
  expect(connections.opened).toBe(0)
})
