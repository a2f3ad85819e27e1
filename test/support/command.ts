import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { z } from 'zod'

/** A process of its own, as another command would be, that answers with messages. */
export interface Command {
  /** Its next message; rejects when it ends without one. */
  answer<T>(message: z.ZodType<T>): Promise<T>
  send(message: string): void
  /** Ends it as `kill -9` does, and waits until it is gone. */
  kill(): Promise<void>
}

/** Runs a script of test/support with arguments. */
export function startCommand(script: string, ...args: string[]): Command {
  const child = fork(new URL(script, import.meta.url), args, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const next = messagesOf(child)
  return {
    answer: async (message) => message.parse(await next()),
    send: (message) => child.send(message),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** A function that gives the child's messages one by one, also those that came before they were asked for. */
function messagesOf(child: ChildProcess): () => Promise<unknown> {
  const arrived: unknown[] = []
  const waiting: PromiseWithResolvers<unknown>[] = []
  let ended: Error | undefined
  child.on('message', (message) => {
    const first = waiting.shift()
    if (first === undefined) arrived.push(message)
    else first.resolve(message)
  })
  child.on('exit', (code, signal) => {
    ended = new Error(`the command ended with ${signal ?? `exit code ${code}`}`)
    for (const promise of waiting.splice(0)) promise.reject(ended)
  })
  return async () => {
    if (arrived.length > 0) return arrived.shift()
    if (ended !== undefined) throw ended
    const promise = Promise.withResolvers<unknown>()
    waiting.push(promise)
    return promise.promise
  }
}
