import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

const CLI = resolve(import.meta.dirname, '../../cli/milepost.mjs')

export interface Ended {
  code: number | null
  signal: string | null
  out: string
  err: string
}

export interface Running {
  child: ChildProcess
  /** Everything printed so far, on both streams. */
  said: () => string
  ended: Promise<Ended>
}

/** Starts a command as a person would, in a folder and with an environment. */
export function startMilepost(
  args: string[],
  options: { cwd: string; env?: Record<string, string | undefined>; input?: string },
): Running {
  const env = { ...process.env, NO_COLOR: '1', ...options.env }
  const child = spawn(process.execPath, [CLI, ...args], { cwd: options.cwd, env, stdio: 'pipe' })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.end(options.input ?? '')
  const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => ({
    code: code as number | null,
    signal: signal as string | null,
    out,
    err,
  }))
  return { child, said: () => out + err, ended }
}
