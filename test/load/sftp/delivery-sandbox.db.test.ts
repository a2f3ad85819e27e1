import { describe } from 'vitest'
import { sandboxPeer } from './peer.ts'
import { deliveryTests } from './suite.ts'

describe('a delivery to the stand-in', () => {
  deliveryTests(sandboxPeer)
})
