/** Settings as a YAML file can hold them. */
export type Settings = string | number | boolean | Settings[] | { [name: string]: Settings }

/** Settings as YAML for a person: block style, except lists of plain values and mappings of one. */
export function renderYaml(settings: { [name: string]: Settings }): string {
  return `${mappingLines(settings).join('\n')}\n`
}

// Words that are something else than text to some reader of YAML, and what could be a number or a date, are quoted.
const PLAIN = /^[A-Za-z/][A-Za-z0-9_./@:+-]*[A-Za-z0-9_./@+-]$/
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n|~)$/i

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value)
}

const isScalar = (value: Settings): value is string | number | boolean => typeof value !== 'object'

/** A value that fits behind its name, or null. */
function inline(value: Settings): string | null {
  if (isScalar(value)) return scalar(value)
  if (Array.isArray(value)) return value.every(isScalar) ? `[${value.map(scalar).join(', ')}]` : null
  const entries = Object.entries(value)
  if (entries.length > 1) return null
  const [[name, only] = []] = entries
  if (name === undefined || only === undefined) return '{}'
  return isScalar(only) ? `{ ${scalar(name)}: ${scalar(only)} }` : null
}

function mappingLines(settings: { [name: string]: Settings }): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const text = inline(value)
    return text === null ? [`${scalar(name)}:`, ...indented(blockLines(value))] : [`${scalar(name)}: ${text}`]
  })
}

function blockLines(value: Settings): string[] {
  if (!Array.isArray(value)) return mappingLines(value as { [name: string]: Settings })
  return value.flatMap((item) => {
    const [first = '', ...rest] = inline(item) === null ? blockLines(item) : [inline(item) ?? '']
    return [`- ${first}`, ...indented(rest)]
  })
}

const indented = (lines: string[]) => lines.map((line) => `  ${line}`)
