/** When a failed job may be tried again: `later` with backoff, or `never` (straight to the dead letters). */
export type Retry = 'later' | 'never'

interface PipelineErrorOptions {
  cause?: unknown
  /** Seconds the other side asked us to wait (a `Retry-After` header), if it did. */
  retryAfterSeconds?: number
}

/**
 * An error that a person is meant to read. `code` is stable and machine-readable (`FULLBAY_AUTH`);
 * `message` says what broke, on what, and what to do; `retry` tells the queue whether trying again can help,
 * so that nobody matches on text.
 */
export class PipelineError extends Error {
  readonly code: string
  readonly retry: Retry
  readonly retryAfterSeconds: number | undefined

  constructor(code: string, message: string, retry: Retry, options: PipelineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'PipelineError'
    this.code = code
    this.retry = retry
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
