import { loadWithKills } from '../test/support/kill-rounds.ts'

// Kills `milepost run` with -9 at random moments of loading the sandbox's 2,000 invoices, into embedded databases of
// their own, then runs once cleanly and compares every table with an undisturbed load.
// usage: node bench/kill.ts [kills] [kills per database] [seed]
const kills = Number(process.argv[2] ?? 20)
const perDatabase = Number(process.argv[3] ?? 5)
let state = Number(process.argv[4] ?? Date.now() % 100_000)
console.log(`seed ${state}`)

/** Park and Miller's generator: enough for moments, and the seed repeats them. */
function random(): number {
  state = (state * 48_271) % 2_147_483_647
  return state / 2_147_483_647
}

const log = (line: string) => console.log(`  ${line}`)
const from = performance.now()
const clean = await loadWithKills({ kills: 0, databaseUrl: null, random, maxMs: 0 })
const maxMs = performance.now() - from
console.log(
  `undisturbed: ${Object.keys(clean).length} relations, ${clean['base.fullbay__invoices']}, ${(maxMs / 1000).toFixed(1)} s`,
)

let differing = 0
for (let done = 0; done < kills; done += perDatabase) {
  const killed = await loadWithKills({
    kills: Math.min(perDatabase, kills - done),
    databaseUrl: null,
    random,
    maxMs,
    log,
  })
  for (const [name, digest] of Object.entries(clean)) {
    if (killed[name] === digest) continue
    differing += 1
    console.log(`  DIFFERS ${name}: ${killed[name]} instead of ${digest}`)
  }
}
console.log(
  differing === 0 ? `${kills} kills: every table equal to the undisturbed load` : `${differing} relations differ`,
)
process.exitCode = differing === 0 ? 0 : 1
