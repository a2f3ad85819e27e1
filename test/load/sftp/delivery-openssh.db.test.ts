import { describe } from 'vitest'
import { hasSshd } from '../../support/sshd.ts'
import { sshdPeer } from './peer.ts'
import { deliveryTests } from './suite.ts'

describe.skipIf(!hasSshd)('a delivery to OpenSSH (skipped where it is not: needs sshd)', () => {
  deliveryTests(sshdPeer)
})
