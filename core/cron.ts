const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const FIELDS: { name: string; least: number; most: number; words?: string[]; offset?: number }[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, words: MONTHS, offset: 1 },
  { name: 'day of week', least: 0, most: 7, words: DAYS, offset: 0 },
]

/** What is wrong with a cron expression of five fields, or null when nothing is. */
export function cronProblem(expression: string): string | null {
  const parts = expression.trim().split(/\s+/)
  if (parts.length !== FIELDS.length) return 'expected five fields, such as "15 * * * *"'
  for (const [i, field] of FIELDS.entries()) {
    const wrong = parts[i]?.split(',').find((item) => !isItem(item, field))
    if (wrong !== undefined) return `"${wrong}" is no ${field.name} (${field.least} to ${field.most})`
  }
  return null
}

function isItem(item: string, field: (typeof FIELDS)[number]): boolean {
  const [range = '', step, ...rest] = item.split('/')
  if (rest.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false
  if (range === '*') return true
  const ends = range.split('-').map((end) => valueOf(end, field))
  if (ends.length > 2 || ends.some((end) => !(end >= field.least && end <= field.most))) return false
  return ends.length === 1 || ends[0]! <= ends[1]!
}

function valueOf(text: string, field: (typeof FIELDS)[number]): number {
  if (/^\d+$/.test(text)) return Number(text)
  const index = field.words?.indexOf(text.toLowerCase()) ?? -1
  return index < 0 ? Number.NaN : index + (field.offset ?? 0)
}
