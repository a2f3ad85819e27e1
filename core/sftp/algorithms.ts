import type { Algorithms } from 'ssh2'

// The library's defaults without SHA-1; order is preference.
const MODERN = {
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies Algorithms

/** What is offered to a server. Key exchanges and ciphers are the library's own defaults, which hold no weak ones. */
export function offeredAlgorithms(allowLegacy: boolean): Algorithms {
  if (!allowLegacy) return MODERN
  return {
    serverHostKey: [...MODERN.serverHostKey, 'ssh-rsa'],
    hmac: [...MODERN.hmac, 'hmac-sha1'],
    compress: MODERN.compress,
    kex: { append: ['diffie-hellman-group14-sha1', 'diffie-hellman-group-exchange-sha1'], prepend: [], remove: [] },
    cipher: { append: ['aes256-cbc', 'aes128-cbc', '3des-cbc'], prepend: [], remove: [] },
  }
}
