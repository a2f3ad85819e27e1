import { describe } from 'vitest'
import { sshdPeer } from '../../load/sftp/peer.ts'
import { hasSshd } from '../../support/sshd.ts'
import { vehicleFileTests } from './vehicle-file-suite.ts'

describe.skipIf(!hasSshd)('a vehicle file on OpenSSH (skipped where it is not: needs sshd)', () => {
  vehicleFileTests(sshdPeer)
})
