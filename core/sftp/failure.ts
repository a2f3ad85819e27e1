import { messageOf, PipelineError } from '../errors.ts'
import { withoutSecrets } from '../secret.ts'
import { describeServer, type SftpServer } from './settings.ts'

// Of SFTP version 3 (0-8) and of later drafts (from 9 on), which servers also send to clients of version 3.
const STATUS = {
  noSuchFile: 2,
  denied: 3,
  badMessage: 5,
  unsupported: 8,
  noSuchPath: 10,
  exists: 11,
  writeProtected: 12,
  noSpace: 14,
  overQuota: 15,
  invalidName: 20,
}

/** The status with which a server answered a request, or null when the request got no answer. */
export function statusOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null
}

/** The error for a request that the server answered with a status other than OK. */
export function requestFailure(server: SftpServer, what: string, error: Error): PipelineError {
  const said = serverText(error.message)
  const begin = `${describeServer(server)}: ${what}`
  const fail = (code: string, text: string, retry: 'later' | 'never') =>
    new PipelineError(code, `${begin}: ${text}`, retry, { cause: error })
  switch (statusOf(error)) {
    case STATUS.noSuchFile:
      return fail('SFTP_FILE_MISSING', `there is no such file or folder (${said}).`, 'never')
    case STATUS.noSuchPath:
      return directoryMissing(server, what, error)
    case STATUS.denied:
      if (/read.?only|write.?protect/i.test(said)) return readOnly(server, what, error)
      return fail('SFTP_DENIED', `permission denied (${said}). Let the owner of the server grant it.`, 'never')
    case STATUS.exists:
      return fail('SFTP_EXISTS', `there is a file of that name already (${said}).`, 'never')
    case STATUS.writeProtected:
      return readOnly(server, what, error)
    case STATUS.noSpace:
    case STATUS.overQuota:
      return diskFull(server, what, error)
    case STATUS.invalidName:
      return fail('SFTP_NAME_INVALID', `the server does not take that name (${said}).`, 'never')
    case STATUS.unsupported:
      return fail('SFTP_UNSUPPORTED', `the server does not know that request (${said}).`, 'never')
    case STATUS.badMessage:
      return fail('SFTP_PROTOCOL', `the server could not read the request (${said}).`, 'never')
    default:
      // Version 3 has one status for all of these, and the text is all that tells them apart.
      if (/no space|disk (is )?full|quota/i.test(said)) return diskFull(server, what, error)
      if (/read.?only|write.?protect/i.test(said)) return readOnly(server, what, error)
      return fail('SFTP_REFUSED', `the server failed without saying why (${said}).`, 'later')
  }
}

export function directoryMissing(server: SftpServer, what: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'SFTP_DIRECTORY_MISSING',
    `${describeServer(server)}: ${what}: the folder does not exist. It is never made unasked: let the owner of the ` +
      'server make it, or correct the configured folder.',
    'never',
    { cause },
  )
}

export function diskFull(server: SftpServer, what: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'SFTP_DISK_FULL',
    `${describeServer(server)}: ${what}: the disk or the quota is full. It is tried again later; tell the owner of the server.`,
    'later',
    { cause },
  )
}

export function readOnly(server: SftpServer, what: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'SFTP_READ_ONLY',
    `${describeServer(server)}: ${what}: the server's disk can only be read. Tell the owner of the server.`,
    'never',
    { cause },
  )
}

/** How far a connection had come when it failed. */
export type Stage = 'connect' | 'handshake' | 'login' | 'channel' | 'open'

const NOT_DONE: Record<Stage, string> = {
  connect: 'no connection',
  handshake: 'no agreement on keys',
  login: 'no login',
  channel: 'no SFTP channel',
  open: 'no answer',
}

export function timedOut(server: SftpServer, stage: Stage): PipelineError {
  return new PipelineError(
    'SFTP_TIMEOUT',
    `${describeServer(server)}: ${NOT_DONE[stage]} within ${server.connectTimeoutSeconds} s.`,
    'later',
  )
}

export function cutOff(server: SftpServer, cause?: unknown): PipelineError {
  const reason = cause === undefined ? 'it was closed' : serverText(messageOf(cause))
  return new PipelineError('SFTP_CUT_OFF', `${describeServer(server)}: the connection broke (${reason}).`, 'later', {
    cause,
  })
}

/** The error for what went wrong on a connection as a whole. */
export function connectionFailure(server: SftpServer, stage: Stage, error: Error): PipelineError {
  const begin = describeServer(server)
  const said = serverText(error.message)
  const level = 'level' in error ? error.level : undefined
  // A server that counts failed logins hangs up with a text of its own.
  if (level === 'client-authentication' || (stage === 'login' && /authentication/i.test(said))) {
    return new PipelineError(
      'SFTP_AUTH',
      `${begin} does not let the user ${JSON.stringify(server.user)} in (${said}). Check user, password and key.`,
      'never',
      { cause: error },
    )
  }
  if (stage === 'connect') {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : said
    return new PipelineError(
      'SFTP_UNREACHABLE',
      `${begin} cannot be reached (${code}). Check the network, the host and the port.`,
      'later',
      { cause: error },
    )
  }
  if (stage === 'handshake' && /no matching/i.test(said)) {
    return new PipelineError(
      'SFTP_ALGORITHMS',
      `${begin} and we have no algorithm in common (${said}). If it cannot be renewed, allow legacy algorithms for it.`,
      'never',
      { cause: error },
    )
  }
  return cutOff(server, error)
}

/** What the other side said, fit to stand in a line of ours. */
export function serverText(text: string): string {
  return withoutSecrets(text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()).slice(0, 200)
}
