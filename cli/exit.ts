import { messageOf, PipelineError } from '../core/errors.ts'
import { withoutSecrets } from '../core/secret.ts'
import { say } from './output.ts'

/** The exit codes every command keeps to. */
export const EXIT = { ok: 0, error: 1, usage: 2, partial: 3, busy: 4, unhealthy: 5, interrupted: 130 } as const

const BUSY_CODES = new Set(['RUN_BUSY', 'BUILD_BUSY', 'SYNC_BUSY'])

/** Prints an error for a person and returns the exit code it stands for. */
export function reportError(error: unknown): number {
  if (error instanceof PipelineError) {
    say(`milepost: ${error.code}: ${withoutSecrets(error.message)}`)
    if (BUSY_CODES.has(error.code)) return EXIT.busy
    if (error.code === 'BUILD_CANCELLED') return EXIT.interrupted
    return error.code === 'USAGE' || error.code === 'SELECTION_INVALID' ? EXIT.usage : EXIT.error
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
  say(`milepost: unexpected error\n${withoutSecrets(stack)}`)
  return EXIT.error
}

export function usageError(message: string): PipelineError {
  return new PipelineError('USAGE', message, 'never')
}

/** A number of 0 or more given as an option. Throws a usage error. */
export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw usageError(`${option} takes a whole number, not ${text}`)
}
