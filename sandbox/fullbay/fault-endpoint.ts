import type { IncomingMessage } from 'node:http'
import { messageOf, PipelineError } from '../../core/errors.ts'

/** The fault switches of a stand-in for any vendor. */
interface Switches<Fault> {
  set(fault: Fault): unknown
  list(): unknown[]
  clear(id?: number): number
}

const MOST_BYTES = 65_536

/** Reads and changes the fault switches over HTTP. Answers with a status and what to send as JSON. */
export async function answerFaults<Fault>(
  request: IncomingMessage,
  url: URL,
  faults: Switches<Fault>,
  parseFault: (value: unknown) => Fault,
): Promise<{ status: number; body: unknown }> {
  switch (request.method) {
    case 'GET':
      return { status: 200, body: { faults: faults.list() } }
    case 'DELETE':
      return clearFaults(url.searchParams.get('id'), faults)
    case 'POST':
      try {
        return setFaults(await readJson(request), faults, parseFault)
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error
        return { status: 400, body: { error: error.message } }
      }
    default:
      return { status: 405, body: { error: 'Use GET, POST or DELETE.' } }
  }
}

function clearFaults(id: string | null, faults: Pick<Switches<never>, 'clear'>): { status: number; body: unknown } {
  if (id === null) return { status: 200, body: { cleared: faults.clear() } }
  const cleared = faults.clear(Number(id))
  if (cleared === 0) return { status: 404, body: { error: `No fault has the id ${id}.` } }
  return { status: 200, body: { cleared } }
}

/** Sets one fault or a list of them: all, or none when one is wrong. */
function setFaults<Fault>(
  value: unknown,
  faults: Switches<Fault>,
  parseFault: (value: unknown) => Fault,
): { status: number; body: unknown } {
  const wanted = (Array.isArray(value) ? value : [value]).map(parseFault)
  return { status: 200, body: { faults: wanted.map((fault) => faults.set(fault)) } }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MOST_BYTES) throw unreadable(`more than ${MOST_BYTES} bytes`)
    chunks.push(bytes)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw unreadable(messageOf(error))
  }
}

function unreadable(why: string): PipelineError {
  return new PipelineError('SANDBOX_FAULT_INVALID', `The fault was not set: the body is not JSON (${why}).`, 'never')
}
