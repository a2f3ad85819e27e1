import { openGeotabBench, type GeotabBench } from './support/geotab-bench.ts'
import { USUAL_HOUR } from './support/geotab-hours.ts'
import { median, printFigures } from './support/figures.ts'

// What an hourly run costs with a day of history, and with thirty. usage: node bench/geotab-history.ts [vehicles] [days]
const vehicles = Number(process.argv[2] ?? 100)
const days = Number(process.argv[3] ?? 30)
const HOUR_MS = 3_600_000
const MEASURED_RUNS = 5

const bench = await openGeotabBench({ vehicles, zones: 1000 })
let hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - (days * 24 + 4 * MEASURED_RUNS) * HOUR_MS

async function load(of: GeotabBench, hours: number): Promise<void> {
  await of.addHours({ vehicles, from: hour, hours, ...USUAL_HOUR })
  hour += hours * HOUR_MS
  await of.run()
}

async function hourlySeconds(of: GeotabBench): Promise<number> {
  const seconds: number[] = []
  for (let run = 0; run < MEASURED_RUNS; run += 1) {
    await of.addHours({ vehicles, from: hour, hours: 1, ...USUAL_HOUR })
    hour += HOUR_MS
    seconds.push((await of.run()).seconds)
  }
  return median(seconds)
}

try {
  await load(bench, 24)
  const young = await hourlySeconds(bench)
  for (let day = 1; day < days; day += 1) await load(bench, 24)
  const old = await hourlySeconds(bench)
  printFigures(`an hourly run of ${vehicles} vehicles, by its history (goal: 1.2 times)`, [
    ['with 1 day', `${young.toFixed(2)} s`],
    [`with ${days} days`, `${old.toFixed(2)} s`, `${(old / young).toFixed(2)} times`],
  ])
} finally {
  await bench.close()
}
