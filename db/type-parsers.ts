import { types, type CustomTypesConfig } from 'pg'
import { parseJson } from '../core/json.ts'
import { PipelineError } from '../core/errors.ts'

type Parse = (text: string) => unknown

// Object ids of the types in pg_type; they never change.
const TEXT_ARRAY = 1009
const TIMESTAMPTZ = 1184

// Dates, local timestamps, intervals and decimals stay the text that Postgres wrote: no JavaScript type holds them.
const asText: Parse = (text) => text

const SCALARS: { oid: number; arrayOid: number; parse: Parse }[] = [
  { oid: 20, arrayOid: 1016, parse: parseBigint },
  { oid: 114, arrayOid: 199, parse: parseJson },
  { oid: 3802, arrayOid: 3807, parse: parseJson },
  { oid: 1082, arrayOid: 1182, parse: asText }, // date
  { oid: 1114, arrayOid: 1115, parse: asText }, // timestamp
  { oid: 1186, arrayOid: 1187, parse: asText }, // interval
  { oid: 1700, arrayOid: 1231, parse: asText }, // numeric
  { oid: TIMESTAMPTZ, arrayOid: 1185, parse: parseInstant },
]

const builtIn = types.getTypeParser as (oid: number, format?: 'text' | 'binary') => Parse
const textArray = builtIn(TEXT_ARRAY)
const instant = builtIn(TIMESTAMPTZ)

const PARSERS = new Map<number, Parse>(
  SCALARS.flatMap(({ oid, arrayOid, parse }) => [
    [oid, parse],
    [arrayOid, (text: string) => parseEach(textArray(text), parse)],
  ]),
)

/**
 * How columns become values: int8 a number (an error beyond 2^53, never a rounded one), numeric, date, timestamp and
 * interval the text of Postgres, timestamptz a Date, json and jsonb as `parseJson` reads them; arrays alike.
 */
export const typeParsers = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : PARSERS.get(oid)) ?? builtIn(oid, format)) as CustomTypesConfig['getTypeParser'],
}

function parseEach(value: unknown, parse: Parse): unknown {
  if (Array.isArray(value)) return value.map((item) => parseEach(item, parse))
  return typeof value === 'string' ? parse(value) : null
}

function parseBigint(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new PipelineError(
    'DATABASE_VALUE',
    `The bigint ${text} is too large for a JavaScript number. Select it as text (column::text).`,
    'never',
  )
}

function parseInstant(text: string): Date {
  const value = instant(text)
  if (value instanceof Date) return value
  throw new PipelineError(
    'DATABASE_VALUE',
    `The instant ${text} is not a date. Select it as text (column::text), or leave such rows out.`,
    'never',
  )
}
