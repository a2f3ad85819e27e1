import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { loadWithKills } from '../support/kill-rounds.ts'

// bench/kill.ts does the same at twenty moments; here three, so that the suite stays short.
test(
  'case 64: killed with -9 at random moments and run once more, every table equals an undisturbed load',
  { timeout: 180_000 },
  async () => {
    const [disturbed, undisturbed] = [await createTestDatabase(), await createTestDatabase()]
    const [seed] = fc.sample(fc.integer(), 1)
    const moments = fc.sample(fc.double({ min: 0.1, max: 0.95, noNaN: true }), { seed: seed!, numRuns: 3 })
    const load = { maxMs: 6000, random: () => moments.pop() ?? 0.5 }
    try {
      const clean = await loadWithKills({ ...load, kills: 0, databaseUrl: undisturbed.url })
      const killed = await loadWithKills({ ...load, kills: 3, databaseUrl: disturbed.url })
      expect(killed, `seed ${seed}`).toEqual(clean)
      expect(Object.keys(clean).length).toBeGreaterThan(25)
      expect(clean['base.fullbay__invoices']).toMatch(/^(1|2)\d{3} rows /)
    } finally {
      await disturbed.drop()
      await undisturbed.drop()
    }
  },
)
