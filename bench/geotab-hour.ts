import { openGeotabBench } from './support/geotab-bench.ts'
import { USUAL_HOUR } from './support/geotab-hours.ts'
import { printFigures } from './support/figures.ts'

// One hour of a large fleet, from pages that were made beforehand to delivered files. Wall time and peak memory are
// those of `milepost run`; vendor and database have processes of their own. usage: node bench/geotab-hour.ts [vehicles]
const vehicles = Number(process.argv[2] ?? 10_000)
const HOUR_MS = 3_600_000
const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS

const bench = await openGeotabBench({ vehicles, zones: 5000 })
try {
  const before = await bench.run()
  const rows = await bench.addHours({ vehicles, from: hour, hours: 1, ...USUAL_HOUR })
  const first = await bench.run()
  const more = await bench.addHours({ vehicles, from: hour + HOUR_MS, hours: 1, ...USUAL_HOUR })
  const second = await bench.run()
  const nothing = await bench.run()
  const line = (run: typeof first, of: number): [string, string] => [
    `${run.seconds.toFixed(1)} s, ${run.peakMb} MB peak`,
    `${of.toLocaleString('en-US')} feed rows (${Math.round(of / run.seconds).toLocaleString('en-US')}/s), build ${run.summary.build?.seconds.toFixed(1)} s, ${run.summary.deliveries.files.length} files`,
  ]
  printFigures(
    `${vehicles.toLocaleString('en-US')} vehicles, one hour from pages to delivered files (goal: 60 s, 500 MB)`,
    [
      ['vehicles, users, zones only', ...line(before, 0)],
      ['first hour', ...line(first, rows)],
      ['second hour', ...line(second, more)],
      ['nothing new', ...line(nothing, 0)],
    ],
  )
} finally {
  await bench.close()
}
