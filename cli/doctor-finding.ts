import { messageOf, PipelineError } from '../core/errors.ts'

/** What an examination says of one thing. */
export interface Finding {
  check: string
  status: 'ok' | 'note' | 'problem'
  found: string
  /** What to do about it. */
  fix?: string
}

/** Of a vendor that is not configured while another is. */
export const LEFT_OUT = 'not configured, left out'

/** Longest time for everything that is asked of one server. */
export const PATIENCE_SECONDS = 15

/** Longest wait for one answer of a server, so that a slow one is told of by what did not come. */
export const ANSWER_SECONDS = 5

// What is cut off when the time is over may still have a word to say.
const LAST_WORD_MS = 300

type Examine = (findings: Finding[], signal: AbortSignal) => Promise<void>

/**
 * What an examination finds within its time. What it throws is a problem; when the time is over, what was found so far
 * is told, and that it did not end. The signal ends whatever is still under way then.
 */
export async function examined(check: string, seconds: number, examine: Examine): Promise<Finding[]> {
  const findings: Finding[] = []
  const controller = new AbortController()
  const over = Promise.withResolvers<never>()
  const late = new PipelineError('DOCTOR_TIMEOUT', `no end within ${seconds} s: the server does not answer`, 'later')
  const ends = setTimeout(() => controller.abort(late), seconds * 1000)
  const timer = setTimeout(() => over.reject(late), seconds * 1000 + LAST_WORD_MS)
  try {
    await Promise.race([examine(findings, controller.signal), over.promise])
    return findings
  } catch (error) {
    return [...findings, { check, status: 'problem', found: messageOf(error) }]
  } finally {
    clearTimeout(ends)
    clearTimeout(timer)
  }
}

/** A problem in the words of an error, with what to do by its code. */
export function problemOf(check: string, error: unknown, fixes: Record<string, string>): Finding {
  const fix = error instanceof PipelineError ? fixes[error.code] : undefined
  return { check, status: 'problem', found: messageOf(error), ...(fix === undefined ? {} : { fix }) }
}

const THIS_MACHINE = /^(?:127(?:\.\d{1,3}){3}|\[?::1\]?|localhost)$/i

/** Whether a host is the machine that we run on, where stand-ins are and no vendor is. */
export const isThisMachine = (host: string) => THIS_MACHINE.test(host)
