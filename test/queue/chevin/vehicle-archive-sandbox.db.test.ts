import { describe } from 'vitest'
import { sandboxPeer } from '../../load/sftp/peer.ts'
import { vehicleArchiveTests } from './vehicle-archive-suite.ts'

describe('moving a vehicle file on the stand-in', () => {
  vehicleArchiveTests(sandboxPeer)
})
