import type { Connection, Connections } from './session.ts'

/** A piece of work that begins when those named in `after` have ended. */
export interface Task {
  id: string
  after: string[]
  /** `connect` gives the worker's own connection, opened when it is first asked for. */
  run(connect: () => Promise<Connection>, thread: string): Promise<void>
}

/**
 * Runs tasks, up to `threads` at a time, in the order in which they become ready; among those ready, as they came.
 * The first rejection stops what has not begun, waits for what runs, and is passed on. Names in `after` that are no
 * task are taken for done.
 */
export async function runTasks(tasks: Task[], threads: number, connections: Connections): Promise<void> {
  const known = new Set(tasks.map((task) => task.id))
  const followers = new Map<string, number[]>()
  const waiting = tasks.map((task, index) => {
    const after = new Set(task.after.filter((id) => known.has(id) && id !== task.id))
    for (const id of after) followers.set(id, [...(followers.get(id) ?? []), index])
    return after.size
  })
  const ready = new ReadyQueue(waiting.flatMap((count, index) => (count === 0 ? index : [])))
  let left = tasks.length
  let failure: { error: unknown } | null = null
  await Promise.all(
    Array.from({ length: Math.min(threads, tasks.length) }, (_, thread) => work(`Thread-${thread + 1}`)),
  )
  if (failure !== null) throw (failure as { error: unknown }).error

  async function work(thread: string): Promise<void> {
    let connection: Promise<Connection> | undefined
    const connect = () => (connection ??= connections.open())
    while (left > 0 && failure === null) {
      const index = ready.take() ?? (await ready.next())
      const task = index === null ? undefined : tasks[index]
      if (task === undefined) return
      try {
        await task.run(connect, thread)
      } catch (error) {
        failure ??= { error }
        ready.close()
        return
      }
      left -= 1
      for (const follower of followers.get(task.id) ?? []) {
        waiting[follower] = (waiting[follower] ?? 0) - 1
        if (waiting[follower] === 0) ready.add(follower)
      }
      if (left === 0) ready.close()
    }
  }
}

/** Indexes, the lowest first, and those who wait for one. */
class ReadyQueue {
  #indexes: number[]
  #waiters: ((index: number | null) => void)[] = []
  #isClosed = false

  constructor(indexes: number[]) {
    this.#indexes = indexes
  }

  take(): number | undefined {
    return this.#isClosed ? undefined : this.#indexes.shift()
  }

  add(index: number): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) return waiter(index)
    const at = this.#indexes.findIndex((other) => other > index)
    this.#indexes.splice(at < 0 ? this.#indexes.length : at, 0, index)
  }

  /** The next index to become ready; null once closed. */
  next(): Promise<number | null> {
    return this.#isClosed ? Promise.resolve(null) : new Promise((resolve) => void this.#waiters.push(resolve))
  }

  close(): void {
    this.#isClosed = true
    for (const waiter of this.#waiters.splice(0)) waiter(null)
  }
}
