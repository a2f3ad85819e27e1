// Writes .xls sheets of 26 and 40 columns like those of the reports, each in a process of its own: `node bench/xls.ts`.
// Prints seconds, rows per second, bytes and peak memory, and a full sheet's seconds per row against a quarter of it.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { XlsCell, XlsColumn } from '../load/xls/column.ts'
import { writeXls } from '../load/xls/write-xls.ts'
import { median, printFigures } from './support/figures.ts'

const FULL = 65_535
const QUARTER = Math.floor(FULL / 4)
const ROUNDS = 3
const SHAPES = [
  { rows: 0, columns: 26 },
  { rows: QUARTER, columns: 26 },
  { rows: FULL, columns: 26 },
  { rows: FULL, columns: 40 },
]
type Shape = (typeof SHAPES)[number]

interface Figures {
  seconds: number
  bytes: number
  peakMb: number
}

const columnsOf = (count: number): XlsColumn[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `Column${index + 1}`,
    type: index % 4 === 3 ? 'number' : index === 24 ? 'boolean' : index === 25 ? 'datetime' : 'text',
  }))

const two = (value: number) => String(value).padStart(2, '0')

/** Vehicles, serials and times that repeat, addresses and record ids that hardly do, measurements, gaps. */
function* rowsOf(count: number, columns: XlsColumn[]): Generator<XlsCell[]> {
  for (let row = 0; row < count; row++) {
    const time = `${two(row % 24)}:${two(row % 60)}:${two((row * 7) % 60)}`
    yield columns.map(({ type }, column) => {
      if (type === 'number') return column % 8 === 3 ? row / 7 + column : row % 120
      if (type === 'boolean') return row % 3 === 0
      if (type === 'datetime') return `2026-01-${two((row % 28) + 1)} ${time}`
      if (column === 9) return `a9${row}`
      if (column % 5 === 0) return `Vehicle ${row % 900}`
      if (column % 5 === 1) return time
      if (column % 5 === 2) return `${row % 20_000} Example Avenue, Springfield, VA ${22_000 + (row % 400)}`
      return column % 2 === 0 ? '' : `G9${column}${row % 900}`
    })
  }
}

async function measure(shape: Shape): Promise<Figures> {
  const columns = columnsOf(shape.columns)
  const start = process.hrtime.bigint()
  const [file] = await writeXls({ columns, rows: rowsOf(shape.rows, columns) })
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  return { seconds, bytes: file!.content.length, peakMb: process.resourceUsage().maxRSS / 1024 }
}

function measureApart({ rows, columns }: Shape): Figures {
  const script = fileURLToPath(import.meta.url)
  const output = execFileSync(process.execPath, [script, String(rows), String(columns)], { encoding: 'utf8' })
  return JSON.parse(output) as Figures
}

function figuresOf(shape: Shape): Figures {
  const rounds = Array.from({ length: ROUNDS }, () => measureApart(shape))
  const of = (key: keyof Figures) => median(rounds.map((round) => round[key]))
  return { seconds: of('seconds'), bytes: of('bytes'), peakMb: Math.max(...rounds.map(({ peakMb }) => peakMb)) }
}

const [rows, columns] = process.argv.slice(2).map(Number)
if (rows === undefined || columns === undefined) {
  const results = SHAPES.map((shape) => ({ ...shape, ...figuresOf(shape) }))
  const lines = results.map(({ seconds, bytes, peakMb, ...shape }) => [
    `${shape.rows} rows x ${shape.columns} columns`,
    `${seconds.toFixed(2)} s, ${Math.round(shape.rows / seconds)} rows/s`,
    `${(bytes / 1024 ** 2).toFixed(1)} MB, peak memory ${Math.round(peakMb)} MB`,
  ])
  const [, quarter, full] = results
  const ratio = full!.seconds / full!.rows / (quarter!.seconds / quarter!.rows)
  lines.push(['a full sheet against a quarter, seconds per row', `${ratio.toFixed(2)} x`, 'linear is 1'])
  printFigures('.xls sheets, each in a process of its own', lines)
} else {
  console.log(JSON.stringify(await measure({ rows, columns })))
}
