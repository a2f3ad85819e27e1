import { createHash } from 'node:crypto'
import { Secret } from '../../core/secret.ts'

/**
 * The token that signs a Fullbay request: lower-case hex SHA-1 of API key, UTC calendar date and the caller's public
 * IPv4, joined without separators. It is valid for that UTC day and that address only.
 */
export function fullbayToken(key: Secret, instant: Date, egressIp: string): Secret {
  const utcDate = instant.toISOString().slice(0, 10)
  return new Secret(createHash('sha1').update(`${key.reveal()}${utcDate}${egressIp}`).digest('hex'))
}
