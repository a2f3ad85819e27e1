import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { messageOf } from '../../core/errors.ts'
import { answerFaults } from '../fullbay/fault-endpoint.ts'
import { parseFault } from './fault-switch.ts'
import type { SftpSandbox } from './server.ts'

export interface SftpFaultServer {
  /** Origin, such as http://127.0.0.1:41234. */
  url: string
  close: () => Promise<void>
}

/**
 * Serves the switches of an SFTP stand-in over HTTP, as those of the other vendors are on their own port:
 * `/sandbox/faults` (GET, POST, DELETE), and `/sandbox/host-key`, where POST has the stand-in show a new key.
 */
export async function startSftpFaultServer(
  sandbox: SftpSandbox,
  options: { port?: number } = {},
): Promise<SftpFaultServer> {
  const server = createServer((request, response) => {
    const send = ({ status, body }: Answer) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    answer(request, sandbox).then(send, (error: unknown) => send({ status: 500, body: { error: messageOf(error) } }))
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('The fault switches listen on no port.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Answer {
  status: number
  body: unknown
}

async function answer(request: IncomingMessage, sandbox: SftpSandbox): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://sandbox.invalid')
  if (url.pathname === '/sandbox/faults') return answerFaults(request, url, sandbox.faults, parseFault)
  if (url.pathname !== '/sandbox/host-key') return { status: 404, body: { error: `No such page: ${url.pathname}.` } }
  if (request.method === 'GET') return { status: 200, body: { fingerprint: sandbox.fingerprint } }
  if (request.method === 'POST') return { status: 200, body: { fingerprint: sandbox.swapHostKey() } }
  return { status: 405, body: { error: 'Use GET, or POST for a new key.' } }
}
