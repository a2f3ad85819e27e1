import { pino, destination, type Logger as PinoLogger } from 'pino'
import { withoutSecrets } from './secret.ts'

export type Logger = PinoLogger
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const SECRET_KEYS = ['key', 'token', 'password', 'authorization', 'cookie', 'secret', 'connectionString']

/** A logger that writes JSON lines to stderr (stdout carries data only), with secrets taken out by name and by value. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[secret]' },
      hooks: { streamWrite: withoutSecrets },
    },
    destination({ dest: 2, sync: true }),
  )
}
