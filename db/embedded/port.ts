import { randomInt } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

// Below the ranges that operating systems hand out to outgoing connections (32768 and 49152 up).
const LOWEST = 20_000
const HIGHEST = 32_000

/**
 * The port of the server in `dataDir`, kept in its file `port` so that addresses stay valid over restarts. When none
 * was chosen yet, or another program listens there now, a free one is chosen and written down.
 */
export async function claimPort(dataDir: string): Promise<number> {
  const file = join(dataDir, 'port')
  const kept = existsSync(file) ? Number((await readFile(file, 'utf8')).trim()) : Number.NaN
  if (kept > 0 && kept < 65_536 && (await listens(kept)) !== null) return kept
  const port = await freePort()
  await writeFile(file, `${port}\n`)
  return port
}

async function freePort(): Promise<number> {
  for (let tries = 0; tries < 30; tries += 1) {
    const port = await listens(randomInt(LOWEST, HIGHEST))
    if (port !== null) return port
  }
  const port = await listens(0)
  if (port === null) throw new Error('the operating system gives out no free port on 127.0.0.1')
  return port
}

/** Listens for a moment: the port when that works, else null. */
async function listens(port: number): Promise<number | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(null))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null))
    })
  })
}
