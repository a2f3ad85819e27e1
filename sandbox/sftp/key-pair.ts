import ssh2 from 'ssh2'

/** A new ed25519 key pair in OpenSSH's form, encrypted when a passphrase is given. */
export function newKeyPair(passphrase?: string): { private: string; public: string } {
  for (;;) {
    const pair =
      passphrase === undefined
        ? ssh2.utils.generateKeyPairSync('ed25519')
        : ssh2.utils.generateKeyPairSync('ed25519', { cipher: 'aes256-ctr', passphrase, rounds: 2 })
    // The library drops zero bytes at a public key's beginning, so that one pair in 256 cannot be read.
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair
  }
}
