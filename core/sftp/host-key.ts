import { createHash } from 'node:crypto'
import { PipelineError } from '../errors.ts'
import { describeServer, type SftpServer } from './settings.ts'

/** The fingerprint of a host key as OpenSSH prints it: `SHA256:` and base64 without padding. */
export function hostKeyFingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replaceAll('=', '')}`
}

/** The error that a host key deserves, or null when it is pinned. It names what was seen, so that a person can pin it. */
export function hostKeyProblem(server: SftpServer, key: Buffer): PipelineError | null {
  const seen = hostKeyFingerprint(key)
  const pinned = server.hostKeys.map(normalized)
  if (pinned.includes(seen)) return null
  const shown = `${describeServer(server)} shows the ${typeOf(key)} host key ${seen}`
  if (pinned.length === 0) {
    return new PipelineError(
      'SFTP_HOST_KEY_UNKNOWN',
      `${shown}, and none is pinned. Nothing was sent. Ask the server's owner whether it is theirs, then add it to the ` +
        'configured host keys.',
      'never',
    )
  }
  return new PipelineError(
    'SFTP_HOST_KEY_CHANGED',
    `${shown}, but pinned: ${pinned.join(', ')}. Someone may be standing in between, so nothing was sent. ` +
      "Pin the new key beside the old one only when the server's owner confirms it.",
    'never',
  )
}

function normalized(fingerprint: string): string {
  return `SHA256:${fingerprint
    .trim()
    .replace(/^SHA256:/i, '')
    .replaceAll('=', '')}`
}

/** A host key begins with the length of its type's name and that name. */
function typeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0)
  const type = key.subarray(4, 4 + length).toString('latin1')
  return length <= 64 && /^[\w.@-]+$/.test(type) ? type : 'unreadable'
}
