import type { Secret } from '../secret.ts'

/** One SFTP server and how to log in there. */
export interface SftpServer {
  /** What messages call it. */
  name: string
  host: string
  port: number
  user: string
  password?: Secret | undefined
  /** A private key in OpenSSH or PEM form, with its passphrase when it is encrypted. */
  privateKey?: Secret | undefined
  passphrase?: Secret | undefined
  /** Fingerprints (`SHA256:…`) of the keys that the server may show: two while a key is being replaced. */
  hostKeys: readonly string[]
  /** Longest time until files can be asked for: network, keys, login and the SFTP channel together. */
  connectTimeoutSeconds: number
  /** Longest wait for the answer to one request. */
  operationTimeoutSeconds: number
  /** How often a silent connection is asked whether it lives; three questions without an answer end it. */
  keepaliveSeconds: number
  /** Lets SHA-1 signatures and CBC ciphers pass, for servers that know nothing newer. Off by default. */
  allowLegacyAlgorithms?: boolean
  /** Longest file that is read or written. */
  maxFileBytes: number
}

/** Where a server's messages begin: its name and address. */
export function describeServer({ name, host, port }: SftpServer): string {
  return `SFTP server ${name} (${host}:${port})`
}
