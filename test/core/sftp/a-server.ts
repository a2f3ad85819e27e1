import { Secret } from '../../../core/secret.ts'
import type { SftpServer } from '../../../core/sftp/settings.ts'

/** A server's settings, short of patience, with what matters to a test. */
export function aServer(changes: Partial<SftpServer>): SftpServer {
  return {
    name: 'chevin',
    host: '127.0.0.1',
    port: 22,
    user: 'fleet',
    password: new Secret('open-sesame-17'),
    hostKeys: [],
    connectTimeoutSeconds: 5,
    operationTimeoutSeconds: 5,
    keepaliveSeconds: 15,
    maxFileBytes: 1_000_000,
    ...changes,
  }
}
