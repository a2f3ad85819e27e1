import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { median, printFigures } from './support/figures.ts'

// How long a command takes before its own work begins, cold (every module compiled anew) and warm (from the cache of
// cli/milepost.mjs), against Node with nothing to do. `models ls` also loads and parses the models; it needs no database.
// usage: node bench/start.ts [rounds]
const rounds = Number(process.argv[2] ?? 15)
const CLI = resolve(import.meta.dirname, '../cli/milepost.mjs')

const cases = [
  { name: 'node -e 0', args: ['-e', '0'], isCold: false },
  ...['--version', 'models ls'].flatMap((command) =>
    [true, false].map((isCold) => ({
      name: `milepost ${command}, ${isCold ? 'cold' : 'warm'}`,
      args: [CLI, ...command.split(' ')],
      isCold,
    })),
  ),
]

function milliseconds({ args, isCold }: (typeof cases)[number]): number {
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: isCold ? '1' : undefined }
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return performance.now() - start
}

const figures = cases.map((): number[] => [])
// The first round fills the cache and is not counted. The cases take turns, so that a busy minute touches all alike.
for (let round = 0; round <= rounds; round++) {
  for (const [i, one] of cases.entries()) {
    const taken = milliseconds(one)
    if (round > 0) figures[i]?.push(taken)
  }
}

const bare = median(figures[0] ?? [])
const rows = cases.map(({ name }, i) => {
  const middle = median(figures[i] ?? [])
  return [name, `${middle.toFixed(0)} ms`, `x ${(middle / bare).toFixed(1)}`]
})
printFigures(`Start of a command, median of ${rounds}`, rows)
