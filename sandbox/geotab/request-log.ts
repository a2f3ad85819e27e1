/** A call that the stand-in got. Passwords and sessions are not in it. */
export interface RequestLog {
  /** UTC, by the stand-in's clock. */
  time: string
  /** Method of the API; the calls of a multi-call follow it as entries of their own. */
  method: string
  typeName: string | null
  database: string | null
  /** Place in its multi-call; null for a call by itself. */
  index: number | null
  /** HTTP status; null while, or because, nothing was answered. */
  status: number | null
  /** Type of the API's error, if it answered with one. */
  error: string | null
  /** Rows in the reply. */
  rows: number
  /** Names of the faults that befell it. */
  faults: string[]
}

// Enough for any test; a stand-in that runs for weeks must not fill the memory.
const MOST_ENTRIES = 50_000

/** Notes a call when it comes; what became of it is filled in later. */
export function logRequest(
  log: RequestLog[],
  arrived: Pick<RequestLog, 'time' | 'method' | 'typeName' | 'database' | 'index'>,
): RequestLog {
  const entry: RequestLog = { ...arrived, status: null, error: null, rows: 0, faults: [] }
  log.push(entry)
  if (log.length > MOST_ENTRIES) log.splice(0, log.length - MOST_ENTRIES)
  return entry
}
