import { expect, test } from 'vitest'
import { hostKeyFingerprint, hostKeyProblem } from '../../../core/sftp/host-key.ts'
import { aServer } from './a-server.ts'

// The public key of a pair made for this test alone, and what `ssh-keygen -l` prints for it.
const KEY = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f', 'base64')
const SEEN = hostKeyFingerprint(KEY)

test('a fingerprint looks as OpenSSH prints it', () => {
  expect(SEEN).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
})

test.for([
  ['as it is', [SEEN]],
  ['beside an older one', [`SHA256:${'A'.repeat(43)}`, SEEN]],
  ['with padding', [`${SEEN}=`]],
  ['without its prefix', [SEEN.slice('SHA256:'.length)]],
] as const)('a key that is pinned %s is taken', ([, hostKeys]) => {
  expect(hostKeyProblem(aServer({ hostKeys }), KEY)).toBeNull()
})

test('case 49: with no key pinned the error names the one that was seen, to be pinned', () => {
  const problem = hostKeyProblem(aServer({ hostKeys: [] }), KEY)
  expect(problem).toMatchObject({ code: 'SFTP_HOST_KEY_UNKNOWN', retry: 'never' })
  expect(problem?.message).toContain(`ssh-ed25519 host key ${SEEN}`)
})

test('case 49: another key than the pinned one is refused, and both are named', () => {
  const pinned = `SHA256:${'A'.repeat(43)}`
  const problem = hostKeyProblem(aServer({ hostKeys: [pinned] }), KEY)
  expect(problem).toMatchObject({ code: 'SFTP_HOST_KEY_CHANGED', retry: 'never' })
  expect(problem?.message).toContain(SEEN)
  expect(problem?.message).toContain(pinned)
})

test('a key that cannot be read is refused like any other', () => {
  for (const key of [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(40, 0xff)]) {
    expect(hostKeyProblem(aServer({ hostKeys: [SEEN] }), key)?.message).toContain('unreadable host key')
  }
})
