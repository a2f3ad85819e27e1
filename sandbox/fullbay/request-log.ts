/** A request that the stand-in got. Key and token are not in it. */
export interface RequestLog {
  /** UTC, by the stand-in's clock. */
  at: string
  method: string
  path: string
  /** The shop of the key, or null when the key is not known. */
  shop: string | null
  startDate: string
  endDate: string
  page: string
  /** Requests with the same key that were under way when this one came. */
  concurrent: number
  /** HTTP status; null while, or because, nothing was answered. */
  status: number | null
  /** What was answered, or null so far. */
  outcome: 'SUCCESS' | 'FAIL' | 'HTTP_ERROR' | 'HTML' | 'HUGE' | 'NONE' | null
  /** Message of a FAIL. */
  message: string | null
  /** Invoices in the reply. */
  records: number
  /** Names of the faults that befell it. */
  faults: string[]
}

type Arrived = Omit<RequestLog, 'status' | 'outcome' | 'message' | 'records' | 'faults'>

// Enough for any test; a stand-in that runs for weeks must not fill the memory.
const MOST_ENTRIES = 10_000

/** Notes a request when it comes; what became of it is filled in later. */
export function logRequest(log: RequestLog[], arrived: Arrived): RequestLog {
  const entry: RequestLog = { ...arrived, status: null, outcome: null, message: null, records: 0, faults: [] }
  log.push(entry)
  if (log.length > MOST_ENTRIES) log.splice(0, log.length - MOST_ENTRIES)
  return entry
}
