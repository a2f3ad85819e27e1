import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../core/config.ts'
import { Secret } from '../core/secret.ts'
import { chevinServer, configuredChevin, reportsNotSent, type ChevinTarget } from '../queue/chevin/target.ts'
import { startSftpSandbox, type SftpSandbox } from '../sandbox/sftp/server.ts'
import type { OpenSource } from './sources.ts'
import { usesStandIns } from './stand-ins.ts'

const USER = 'chevin'
// Of a server on this machine that keeps made-up files.
const PASSWORD = 'sandbox-sftp-password'

export interface OpenChevin extends OpenSource<ChevinTarget | null> {
  /** The stand-in; null when the server is real, or none is configured. */
  sandbox: SftpSandbox | null
}

/**
 * Opens Chevin's server, or, when no vendor is configured, a stand-in within this process that keeps its files in the
 * data folder.
 */
export async function openChevin(config: Config): Promise<OpenChevin> {
  const real = configuredChevin(config)
  if (real !== null) {
    return { source: real, name: `Chevin, ${real.place}`, notice: null, sandbox: null, close: async () => {} }
  }
  if (!usesStandIns(config)) {
    const reason = reportsNotSent(config)
    const notice = reason === null ? null : `Reports are not sent: ${reason}.`
    return { source: null, name: 'Chevin: not configured, left out', notice, sandbox: null, close: async () => {} }
  }
  const root = resolve(config.dataDir, 'sandbox-sftp')
  mkdirSync(root, { recursive: true })
  const server = await startSftpSandbox({ user: USER, password: PASSWORD, root })
  const source: ChevinTarget = {
    isSandbox: true,
    isLocal: true,
    server: chevinServer(config, {
      host: server.host,
      port: server.port,
      user: USER,
      password: new Secret(PASSWORD),
      hostKeys: [server.fingerprint],
    }),
    // Not the configured server's: what waits for that one must not go to a stand-in, nor the reverse.
    destination: 'sandbox',
    importDir: config.chevin.import_dir,
    place: resolve(root, config.chevin.import_dir),
  }
  return {
    source,
    name: `sandbox: a stand-in SFTP server that keeps its files in ${root}; its vehicle files have bad rows on purpose`,
    notice: 'Nothing is configured: files go to the built-in sandbox of Chevin.',
    sandbox: server,
    close: () => server.close(),
  }
}
