import { messageOf, PipelineError } from '../core/errors.ts'
import { redactUrl } from './database-url.ts'

const UNREACHABLE = new Set(
  'ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH ETIMEDOUT EPIPE EAI_AGAIN ENOTFOUND'.split(' '),
)
// Too many connections, shutting down, crashing, starting up.
const UNAVAILABLE = new Set(['53300', '57P01', '57P02', '57P03'])

/**
 * What a failed attempt to connect means for the person who set the address:
 * DATABASE_UNREACHABLE (worth trying again), DATABASE_AUTH, DATABASE_MISSING, DATABASE_TLS. Other errors, and those
 * that are PipelineErrors already, come back as they are.
 */
export function connectionError(cause: unknown, url: string): Error {
  if (!(cause instanceof Error)) return new Error(messageOf(cause), { cause })
  if (cause instanceof PipelineError) return cause
  const code = 'code' in cause ? String(cause.code) : ''
  // An AggregateError (a name with several addresses) has no message of its own.
  const detail = messageOf(cause) || code
  const where = redactUrl(url)
  if (code === '28P01' || code === '28000' || detail.startsWith('SASL')) {
    return new PipelineError(
      'DATABASE_AUTH',
      `${where} refuses the login: ${detail}. Check the user and the password in DATABASE_URL.`,
      'never',
      { cause },
    )
  }
  if (code === '3D000') {
    return new PipelineError(
      'DATABASE_MISSING',
      `${where}: ${detail}. Create it (createdb), or name another database in DATABASE_URL.`,
      'never',
      { cause },
    )
  }
  if (/SSL|certificate|self.signed/i.test(`${code} ${detail}`)) {
    return new PipelineError(
      'DATABASE_TLS',
      `${where}: no secure connection: ${detail}. Check sslmode and sslrootcert in DATABASE_URL.`,
      'never',
      { cause },
    )
  }
  if (UNREACHABLE.has(code) || UNAVAILABLE.has(code) || /terminated|timeout/i.test(detail)) {
    return new PipelineError(
      'DATABASE_UNREACHABLE',
      `${where} does not answer: ${detail}. Start that server, check host and port in DATABASE_URL, ` +
        'or unset DATABASE_URL to use the embedded database.',
      'later',
      { cause },
    )
  }
  return cause
}
