// Makes rows of Geotab payloads on one thread: `node bench/geotab-transform.ts`. Prints rows per second.
import { toLogRecordRow } from '../transform/geotab/log-record.ts'
import type { RowResult } from '../transform/geotab/row-result.ts'
import { toStatusDataRow } from '../transform/geotab/status-data.ts'
import { toTripRow } from '../transform/geotab/trip.ts'
import { aLogRecord, aReading, aTrip, context } from '../test/transform/geotab/a-record.ts'
import { median, printFigures } from './support/figures.ts'

const RECORDS = 50_000
const ROUNDS = 9

// Parsed from text, as the records of a page are, so that no two share their strings.
const parsed = (make: (over: Record<string, unknown>) => Record<string, unknown>, time: string) =>
  Array.from({ length: RECORDS }, (_, index): unknown => {
    const at = new Date(Date.UTC(2026, 0, 20) + index * 1777).toISOString()
    const over = { id: `b${index.toString(16)}`, device: { id: `b${(index % 500).toString(16)}` }, [time]: at }
    return JSON.parse(JSON.stringify(make(over)))
  })

function rowsPerSecond<Row>(payloads: unknown[], toRow: (payload: unknown) => RowResult<Row>): number[] {
  return Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint()
    for (const payload of payloads) {
      const result = toRow(payload)
      if (result.kind === 'refused') throw new Error(`${result.path}: ${result.message}`)
    }
    return RECORDS / (Number(process.hrtime.bigint() - start) / 1e9)
  })
}

const figure = (name: string, speeds: number[]) => [name, `${Math.round(median(speeds)).toLocaleString('en')} rows/s`]

printFigures(`rounds of ${RECORDS} records, median of ${ROUNDS}`, [
  figure(
    'LogRecord',
    rowsPerSecond(parsed(aLogRecord, 'dateTime'), (payload) => toLogRecordRow(payload, context)),
  ),
  figure(
    'StatusData',
    rowsPerSecond(parsed(aReading, 'dateTime'), (payload) => toStatusDataRow(payload, context)),
  ),
  figure(
    'Trip',
    rowsPerSecond(parsed(aTrip, 'start'), (payload) => toTripRow(payload, context)),
  ),
])
