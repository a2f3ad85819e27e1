import type { RunStatus } from '../queue/ledger.ts'
import { EXIT } from './exit.ts'

/** The exit code of a command whose run ended so. */
export const EXIT_OF: Record<RunStatus, number> = {
  succeeded: EXIT.ok,
  partial: EXIT.partial,
  failed: EXIT.error,
  interrupted: EXIT.interrupted,
  running: EXIT.error,
}
