const UNUSUAL = /[\t\r\u0085\u2028\u2029\ufeff]|^(?:---|\.\.\.|%)|\{[{%#]/m
const KEY = /((?:[A-Za-z_]|\+[A-Za-z])[\w+.-]*):(?: +|$)/y
const SCALARS = new Map<string, unknown>([
  ...['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word): [string, unknown] => [word, true]),
  ...['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word): [string, unknown] => [word, false]),
  ...['null', 'Null', 'NULL', '~'].map((word): [string, unknown] => [word, null]),
])
const NUMBER = /^(?:0|-?[1-9]\d{0,14})$|^-?(?:0|[1-9]\d{0,7})\.\d{1,6}$/
// In YAML 1.1, e5 is a number.
const EXPONENT = /^[eE][-+]?\d+$/
const TEXT = /^[A-Za-z_($/\u00c0-\uffff]/
const QUOTED = /"([^"\\]*)"|'((?:[^']|'')*)'/y
const FLOW_TEXT = /[^,[\]{}:#]+/y
const SPACE = / */y
const END = /(?: +#.*| *)$/y

/** Where a text goes beyond plain YAML. */
class NotPlain extends Error {}

function notPlain(): never {
  throw new NotPlain()
}

/**
 * The value of a YAML text of the plain kind that dbt projects are full of: mappings, lists, scalars on one line, folded
 * and literal texts. It takes a tenth of the library's time. Undefined for any other text; that is for the library.
 */
export function parsePlainYaml(text: string): unknown {
  if (UNUSUAL.test(text)) return undefined
  try {
    return parse(text.split('\n'))
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

function parse(lines: string[]): unknown {
  let at = 0
  const lineAt = () => lines[at] ?? ''

  /** Goes to the next line that has content, and gives its indentation; -1 at the end. */
  function next(): number {
    for (; at < lines.length; at += 1) {
      const line = lineAt()
      const indent = endOf(SPACE, line, 0)
      if (indent < line.length && line[indent] !== '#') return indent
    }
    return -1
  }

  function block(indent: number): unknown {
    return isItem(indent) ? list(indent) : mapping(indent)
  }

  const isItem = (indent: number) => lineAt()[indent] === '-' && [' ', undefined].includes(lineAt()[indent + 1])

  function mapping(indent: number): Record<string, unknown> {
    const found: Record<string, unknown> = {}
    for (let start = next(); start >= indent; start = next()) {
      KEY.lastIndex = indent
      const match = start === indent ? KEY.exec(lineAt()) : null
      const key = match?.[1] ?? notPlain()
      if (!isKey(key, found)) notPlain()
      found[key] = value(KEY.lastIndex, indent, true)
    }
    return found
  }

  function list(indent: number): unknown[] {
    const found: unknown[] = []
    for (let start = next(); start >= indent; start = next()) {
      if (start > indent) notPlain()
      if (!isItem(indent)) break
      const line = lineAt()
      const inner = endOf(SPACE, line, indent + 1)
      KEY.lastIndex = inner
      if (KEY.test(line)) {
        // The mapping begins in the line of its dash.
        lines[at] = ' '.repeat(inner) + line.slice(inner)
        found.push(mapping(inner))
      } else if (isItem(inner)) notPlain()
      else found.push(value(inner, indent, false))
    }
    return found
  }

  /** What stands after a key or a dash. */
  function value(start: number, indent: number, isInMapping: boolean): unknown {
    const line = lineAt()
    const first = line[start]
    if (first === '|' || first === '>') return text(line.slice(start), indent)
    at += 1
    if (first === undefined || first === '#') {
      const inner = next()
      if (inner > indent) return block(inner)
      return isInMapping && inner === indent && isItem(inner) ? list(inner) : null
    }
    if (!`'"[{`.includes(first)) {
      const comment = line.indexOf(' #', start)
      return scalar(line.slice(start, comment < 0 ? undefined : comment).trimEnd())
    }
    const { found, end } = flow(line, start)
    END.lastIndex = end
    return END.test(line) ? found : notPlain()
  }

  /** A literal or folded text, below the line of its sign. */
  function text(sign: string, parent: number): string {
    const isFolded = sign.startsWith('>')
    const keepsEnd = /^[|>] *$/.test(sign)
    if (!keepsEnd && !/^[|>]- *$/.test(sign)) notPlain()
    at += 1
    const indent = endOf(SPACE, lineAt(), 0)
    if (indent <= parent || indent === lineAt().length) notPlain()
    const found: string[] = []
    for (; at < lines.length; at += 1) {
      const line = lineAt()
      const start = endOf(SPACE, line, 0)
      if (start < indent && start < line.length) {
        if (start > parent) notPlain()
        break
      }
      if (isFolded && (start > indent || line.endsWith(' '))) notPlain()
      if (start === line.length && start > 0) notPlain()
      found.push(line.slice(indent))
    }
    // The last line of a file may have no end to keep.
    if (keepsEnd && at === lines.length && found.at(-1) !== '') notPlain()
    while (found.at(-1) === '') found.pop()
    const joined = isFolded
      ? found.join('\n').replaceAll(/\n(\n*)/g, (_, more: string) => more || ' ')
      : found.join('\n')
    return keepsEnd ? `${joined}\n` : joined
  }

  const indent = next()
  const found = indent < 0 ? null : block(indent)
  return next() < 0 ? found : notPlain()
}

/** The list, mapping or quoted text that begins at a place of a line, and where it ends. */
function flow(line: string, start: number): { found: unknown; end: number } {
  let at = start

  function value(): unknown {
    const first = line[at]
    if (first === '[') return items(']', value)
    if (first === '{') return record(items('}', pair))
    if (first === '"' || first === "'") return quoted()
    return scalar(take(FLOW_TEXT)[0].trimEnd())
  }

  function items<T>(close: string, item: () => T): T[] {
    const found: T[] = []
    pass()
    while (line[at] !== close) {
      found.push(item())
      at = endOf(SPACE, line, at)
      if (line[at] === ',') pass()
      else if (line[at] !== close) notPlain()
      if (line[at] === ',' || (line[at] === close && line[at - 1] === ',')) notPlain()
    }
    at += 1
    return found
  }

  /** Goes past a sign and the space after it. */
  function pass(): void {
    at = endOf(SPACE, line, at + 1)
  }

  function pair(): [string, unknown] {
    const key = take(KEY)[1] ?? notPlain()
    return [key, value()]
  }

  function quoted(): string {
    const [, double, single = ''] = take(QUOTED)
    return double ?? single.replaceAll("''", "'")
  }

  function take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = at
    const match = pattern.exec(line) ?? notPlain()
    at = pattern.lastIndex
    return match
  }

  const found = value()
  return { found, end: at }
}

function record(pairs: [string, unknown][]): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [key, value] of pairs) found[isKey(key, found) ? key : notPlain()] = value
  return found
}

const isKey = (key: string, others: object) =>
  !SCALARS.has(key) && !EXPONENT.test(key) && key !== '__proto__' && !Object.hasOwn(others, key)

function scalar(text: string): unknown {
  if (SCALARS.has(text)) return SCALARS.get(text)
  if (NUMBER.test(text)) return Number(text)
  if (!TEXT.test(text) || EXPONENT.test(text) || text.includes(': ') || text.endsWith(':')) notPlain()
  return text
}

function endOf(pattern: RegExp, line: string, start: number): number {
  pattern.lastIndex = start
  pattern.test(line)
  return pattern.lastIndex
}
