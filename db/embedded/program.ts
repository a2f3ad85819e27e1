import { spawn } from 'node:child_process'
import { dirname, isAbsolute } from 'node:path'

export interface Program {
  file: string
  args: string[]
  uid?: number
  gid?: number
}

export interface ProgramResult {
  code: number
  /** Standard output and standard error, as they came. */
  output: string
}

// A set environment: LD_LIBRARY_PATH, PGDATA or a locale of the caller must not reach the server. Windows programs
// do not start without theirs.
const ENVIRONMENT =
  process.platform === 'win32'
    ? {}
    : { env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' } }

/**
 * Runs one of the server's programs to its end. Rejects only when it cannot be started at all.
 * `quiet` gives it no output to write to: a daemon that it leaves behind must not keep our pipe open.
 */
export async function runProgram(program: Program, options: { quiet?: boolean } = {}): Promise<ProgramResult> {
  const { file, args, uid, gid } = program
  const output = options.quiet === true ? 'ignore' : 'pipe'
  const child = spawn(file, args, {
    ...ENVIRONMENT,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    // The caller's folder may be closed to the identity that the program runs as.
    ...(isAbsolute(file) ? { cwd: dirname(file) } : {}),
    stdio: ['ignore', output, output],
    windowsHide: true,
  })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, output: Buffer.concat(chunks).toString() }))
  })
}
