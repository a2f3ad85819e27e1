import { describe } from 'vitest'
import { sandboxPeer } from '../../load/sftp/peer.ts'
import { vehicleFileTests } from './vehicle-file-suite.ts'

describe('a vehicle file on the stand-in', () => {
  vehicleFileTests(sandboxPeer)
})
