import { describe, test } from 'vitest'
import { hasSshd } from '../../support/sshd.ts'
import { sshdPeer } from './peer.ts'
import { deliveryTests } from './suite.ts'

if (hasSshd) describe('a delivery to OpenSSH', () => deliveryTests(sshdPeer))
else test('a delivery to OpenSSH', (context) => context.skip('skipped: needs sshd'))
