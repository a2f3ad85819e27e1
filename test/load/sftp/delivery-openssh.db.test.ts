import { describe } from 'vitest'
import { hasSshd } from '../../support/sshd.ts'
import { sshdPeer } from './peer.ts'
import { deliveryTests } from './suite.ts'

describe.skipIf(!hasSshd)(hasSshd ? 'a delivery to OpenSSH' : 'a delivery to OpenSSH (skipped: needs sshd)', () => {
  deliveryTests(sshdPeer)
})
