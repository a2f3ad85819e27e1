// Writes .xls sheets of 26 columns as the reports have them, each in a process of its own: `node bench/xls.ts`. Prints
// seconds, rows per second, bytes and peak memory, and what a full sheet costs per row against a quarter of one.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { XlsCell, XlsColumn } from '../load/xls/column.ts'
import { writeXls } from '../load/xls/write-xls.ts'
import { median, printFigures } from './support/figures.ts'

const FULL = 65_535
const QUARTER = Math.floor(FULL / 4)
const COLUMNS = 40
const ROUNDS = 3

interface Figures {
  seconds: number
  bytes: number
  peakMb: number
}

const columns: XlsColumn[] = Array.from({ length: COLUMNS }, (_, index) => ({
  name: `Column${index + 1}`,
  type: index % 4 === 3 ? 'number' : index === 24 ? 'boolean' : index === 25 ? 'datetime' : 'text',
}))

const two = (value: number) => String(value).padStart(2, '0')

/** Names that repeat, times that repeat somewhat, addresses and serials that hardly do, measurements. */
function* rows(count: number): Generator<XlsCell[]> {
  for (let row = 0; row < count; row++) {
    const time = `${two(row % 24)}:${two(row % 60)}:${two((row * 7) % 60)}`
    yield columns.map(({ type }, column) => {
      if (type === 'number') return column % 8 === 3 ? row / 7 + column : row % 120
      if (type === 'boolean') return row % 3 === 0
      if (type === 'datetime') return `2026-01-${two((row % 28) + 1)} ${time}`
      if (column % 5 === 0) return `Vehicle ${row % 900}`
      if (column % 5 === 1) return time
      if (column % 5 === 2) return `${row % 20_000} Example Avenue, Springfield, VA ${22_000 + (row % 400)}`
      return column % 2 === 0 ? '' : `G9${column}${row}`
    })
  }
}

async function measure(count: number): Promise<Figures> {
  const start = process.hrtime.bigint()
  const [file] = await writeXls({ columns, rows: rows(count) })
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  return { seconds, bytes: file!.content.length, peakMb: process.resourceUsage().maxRSS / 1024 }
}

function measureApart(count: number): Figures {
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), String(count)], { encoding: 'utf8' })
  return JSON.parse(output) as Figures
}

function figuresOf(count: number): Figures {
  const rounds = Array.from({ length: ROUNDS }, () => measureApart(count))
  const of = (key: keyof Figures) => median(rounds.map((round) => round[key]))
  return { seconds: of('seconds'), bytes: of('bytes'), peakMb: Math.max(...rounds.map(({ peakMb }) => peakMb)) }
}

const asked = process.argv[2]
if (asked === undefined) {
  const results = [0, QUARTER, FULL].map((count) => ({ count, ...figuresOf(count) }))
  const lines = results.map(({ count, seconds, bytes, peakMb }) => [
    `${count} rows x ${COLUMNS} columns`,
    `${seconds.toFixed(2)} s, ${Math.round(count / seconds)} rows/s`,
    `${(bytes / 1024 ** 2).toFixed(1)} MB, peak memory ${Math.round(peakMb)} MB`,
  ])
  const [, quarter, full] = results
  const ratio = full!.seconds / full!.count / (quarter!.seconds / quarter!.count)
  lines.push(['a full sheet against a quarter, seconds per row', `${ratio.toFixed(2)} x`, 'linear is 1'])
  printFigures('.xls sheets, each in a process of its own', lines)
} else {
  console.log(JSON.stringify(await measure(Number(asked))))
}
