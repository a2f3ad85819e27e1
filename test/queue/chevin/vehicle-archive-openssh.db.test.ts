import { describe } from 'vitest'
import { sshdPeer } from '../../load/sftp/peer.ts'
import { hasSshd } from '../../support/sshd.ts'
import { vehicleArchiveTests } from './vehicle-archive-suite.ts'

describe.skipIf(!hasSshd)('moving a vehicle file on OpenSSH (skipped where it is not: needs sshd)', () => {
  vehicleArchiveTests(sshdPeer)
})
