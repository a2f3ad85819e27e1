import type { Config } from '../../core/config.ts'
import { PipelineError } from '../../core/errors.ts'
import type { SftpServer } from '../../core/sftp/settings.ts'
import type { PipelineContext } from '../context.ts'

/** Where Chevin's files go to. */
export interface ChevinTarget {
  /** The server is a stand-in. */
  isSandbox: boolean
  /** It is on this machine, as stand-ins are. */
  isLocal: boolean
  server: SftpServer
  /** The ledger's name for the server. */
  destination: string
  importDir: string
  /** For a person: where to look at what was sent. */
  place: string
}

/** The ledger's name for the configured server. */
export const CHEVIN = 'chevin'

export const NOT_CONFIGURED = 'chevin.sftp is not configured'

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]'])
const KEEPALIVE_SECONDS = 15
const MOST_FILE_BYTES = 512 * 1_048_576

/** The server of the configuration, or null when none is configured. */
export function configuredChevin(config: Config): ChevinTarget | null {
  const { sftp, import_dir } = config.chevin
  if (sftp === null) return null
  return {
    isSandbox: false,
    isLocal: LOOPBACK.has(sftp.host),
    server: chevinServer(config, {
      host: sftp.host,
      port: sftp.port,
      user: sftp.user,
      hostKeys: sftp.host_keys,
      ...(sftp.password === null ? {} : { password: sftp.password }),
      ...(sftp.private_key === null ? {} : { privateKey: sftp.private_key }),
      ...(sftp.passphrase === null ? {} : { passphrase: sftp.passphrase }),
    }),
    destination: CHEVIN,
    importDir: import_dir,
    place: `sftp://${sftp.host}:${sftp.port}/${import_dir}`,
  }
}

/** A server with the limits of the configuration. */
export function chevinServer(
  config: Config,
  login: Omit<
    SftpServer,
    'name' | 'connectTimeoutSeconds' | 'operationTimeoutSeconds' | 'keepaliveSeconds' | 'maxFileBytes'
  >,
): SftpServer {
  const { sftp } = config.chevin
  return {
    name: 'chevin',
    ...login,
    connectTimeoutSeconds: sftp?.connect_timeout_seconds ?? 20,
    operationTimeoutSeconds: sftp?.operation_timeout_seconds ?? 120,
    keepaliveSeconds: KEEPALIVE_SECONDS,
    maxFileBytes: MOST_FILE_BYTES,
  }
}

/** Why the reports of the configured fleets are not sent; null when they are, or when there is no fleet. */
export function reportsNotSent({ geotab, chevin }: Config): string | null {
  if (geotab.databases.length === 0 || chevin.sftp !== null) return null
  return `${NOT_CONFIGURED} (npx milepost deliver --out <dir> writes them to a folder)`
}

/** The server. Throws CHEVIN_NOT_CONFIGURED when there is none. */
export function requireChevin({ chevin }: Pick<PipelineContext, 'chevin'>): ChevinTarget {
  if (chevin !== null) return chevin
  const message =
    `Nothing can be sent to Chevin or read from there: ${NOT_CONFIGURED}. Set host, user, host_keys and a password or ` +
    'private_key under chevin.sftp in milepost.yaml (docs/configuration.md). ' +
    '`npx milepost deliver --out <dir>` writes the reports to a folder without it.'
  throw new PipelineError('CHEVIN_NOT_CONFIGURED', message, 'never')
}

/** Throws DELIVERY_MIXED when made-up data would be sent to a real server, CHEVIN_NOT_CONFIGURED when there is none. */
export function assertMayDeliver(context: Pick<PipelineContext, 'geotab' | 'chevin'>): void {
  const chevin = requireChevin(context)
  const madeUp = context.geotab.databases.filter((database) => database.isMadeUp)
  if (madeUp.length === 0 || chevin.isSandbox || chevin.isLocal) return
  const why = `the server of ${madeUp.map(({ connection }) => connection).join(', ')} is a stand-in on this machine`
  throw new PipelineError(
    'DELIVERY_MIXED',
    `The fleet is made up (${why}), but chevin.sftp is a real server (${chevin.place}). Nothing is sent there: list ` +
      'your databases under geotab.databases, or take chevin.sftp out.',
    'never',
  )
}
