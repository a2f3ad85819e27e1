import type { Token } from './jinja.ts'
import { failure, type SourceText } from './problem.ts'

export interface PlacedToken extends Token {
  offset: number
}

/** A text, or a tag from its opening to its closing token. */
export type Segment = PlacedToken[]

/** The part of a text that is the template. */
export interface Extent {
  start: number
  end: number
}

const TYPES: Record<string, string> = {
  '(': 'OpenParen',
  ')': 'CloseParen',
  '[': 'OpenSquareBracket',
  ']': 'CloseSquareBracket',
  '{': 'OpenCurlyBracket',
  '}': 'CloseCurlyBracket',
  ',': 'Comma',
  '.': 'Dot',
  ':': 'Colon',
  '|': 'Pipe',
  '=': 'Equals',
  '+': 'AdditiveBinaryOperator',
  '-': 'AdditiveBinaryOperator',
  '~': 'AdditiveBinaryOperator',
  '*': 'MultiplicativeBinaryOperator',
  '/': 'MultiplicativeBinaryOperator',
  '//': 'MultiplicativeBinaryOperator',
  '%': 'MultiplicativeBinaryOperator',
  '**': 'ExponentiationBinaryOperator',
}
const CLOSERS: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

const OPENING = /\{([{%#])(-?)/g
const ENDRAW = /\{%(-?)\s*endraw\s*(-?)%\}/g
const RAW = /\s*raw\s*(-?)%\}/y
const SPACE = /\s*/y
const CLOSING = { '{': /-?\}\}/y, '%': /-?%\}/y }
const TOKEN =
  /([A-Za-z_\u0080-\uFFFF][\w\u0080-\uFFFF]*)|(\d+(?:_\d+)*)(\.\d+(?:_\d+)*)?([eE][+-]?\d+)?|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\*\*|\/\/|[=!<>]=|[-()[\]{},.:|=+~*/%<>])/sy

/**
 * Cuts a template into tokens for the library's parser. The library's own lexer gives no positions, knows no raw
 * blocks and not all of Python's escapes, and takes four times as long. Throws a PlacedError.
 */
export function segmentsOf(source: SourceText, { start, end }: Extent): Segment[] {
  const { text } = source
  // Of the line breaks at the end of a template, one is dropped.
  const last = text[end - 1] === '\n' && end > start ? end - 1 : end
  const segments: Segment[] = []
  const addText = (from: number, to: number, trimsEnd: boolean) => {
    const value = trimsEnd ? text.slice(from, to).trimEnd() : text.slice(from, to)
    if (value !== '') segments.push([{ type: 'Text', value, offset: from }])
  }
  let at = start
  while (at < last) {
    OPENING.lastIndex = at
    const opening = OPENING.exec(text)
    if (opening === null || opening.index >= last) {
      addText(at, last, false)
      break
    }
    const [whole, kind, dash] = opening
    const offset = opening.index
    addText(at, offset, dash === '-')
    at = offset + whole.length
    RAW.lastIndex = at
    const raw = kind === '%' ? RAW.exec(text) : null
    if (kind === '#') {
      const close = text.indexOf('#}', at)
      if (close < 0 || close >= last) throw unreadable(source, offset, 'the comment is never closed')
      at = text[close - 1] === '-' && close > at ? pastSpace(text, close + 2) : close + 2
    } else if (raw !== null) {
      ENDRAW.lastIndex = at
      const close = ENDRAW.exec(text)
      if (close === null) throw failure(source, offset, '{% raw %} is never closed')
      const from = at + raw[0].length
      addText(raw[1] === '-' ? pastSpace(text, from) : from, close.index, close[1] === '-')
      at = close.index + close[0].length
      if (close[2] === '-') at = pastSpace(text, at)
    } else {
      const segment = tagAt(source, offset, at, last, kind === '%' ? '%' : '{')
      segments.push(segment)
      const close = segment.at(-1)?.offset ?? at
      at = text[close] === '-' ? pastSpace(text, close + 3) : close + 2
    }
  }
  return segments
}

function tagAt(source: SourceText, offset: number, from: number, last: number, kind: '{' | '%'): Segment {
  const { text } = source
  const suffix = kind === '%' ? 'Statement' : 'Expression'
  const segment: Segment = [{ type: `Open${suffix}`, value: `{${kind}`, offset }]
  const brackets: string[] = []
  const closing = CLOSING[kind]
  for (let at = pastSpace(text, from); at < last; at = pastSpace(text, TOKEN.lastIndex)) {
    closing.lastIndex = at
    if (brackets.length === 0 && closing.test(text)) {
      segment.push({ type: `Close${suffix}`, value: kind === '%' ? '%}' : '}}', offset: at })
      return segment
    }
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) {
      if (/['"]/.test(text[at] ?? '')) break
      throw unreadable(source, at, `${text[at]} has no meaning here`)
    }
    const [value, name, whole, fraction, exponent, string] = match
    let token: PlacedToken
    if (name !== undefined) token = { type: 'Identifier', value, offset: at }
    else if (string !== undefined) token = { type: 'StringLiteral', value: unescaped(source, at, string), offset: at }
    else if (whole === undefined) {
      token = { type: TYPES[value] ?? 'ComparisonBinaryOperator', value, offset: at }
      if (value in CLOSERS) brackets.push(CLOSERS[value] ?? '')
      else if (/^[)\]}]$/.test(value) && brackets.pop() !== value)
        throw unreadable(source, at, `${value} closes nothing`)
    } else if (segment.at(-1)?.type === 'Dot') {
      token = { type: 'NumericLiteral', value: whole, offset: at }
      TOKEN.lastIndex = at + whole.length
    } else {
      const isFloat = fraction !== undefined || exponent !== undefined
      const number = `${whole}${isFloat ? (fraction ?? '.0') : ''}${exponent ?? ''}`
      token = { type: 'NumericLiteral', value: number.replaceAll('_', ''), offset: at }
    }
    if (name?.startsWith('__') === true) {
      throw failure(source, at, `names that begin with __ are the builder's own: ${name}`)
    }
    segment.push(token)
  }
  throw failure(source, offset, 'this tag is never closed')
}

const unreadable = (source: SourceText, offset: number, reason: string) =>
  failure(source, offset, `cannot be read as a template: ${reason}`)

function pastSpace(text: string, at: number): number {
  SPACE.lastIndex = at
  SPACE.test(text)
  return SPACE.lastIndex
}

const LETTERS: Record<string, string> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\n': '' }

/** The content of a string literal by Python's rules: an escape that means nothing stays as it is. */
function unescaped(source: SourceText, offset: number, literal: string): string {
  const content = literal.slice(1, -1)
  if (!content.includes('\\')) return content
  return content.replaceAll(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U(00(?:0\d|10)[\da-fA-F]{4}|000[a-fA-F][\da-fA-F]{4})|(.))/gs,
    (escape, octal?: string, byte?: string, short?: string, long?: string, letter = '') => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
      const code = byte ?? short ?? long
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16))
      if (/[xuUN]/.test(letter)) throw unreadable(source, offset, `${escape} is no escape that is known here`)
      return LETTERS[letter] ?? (/[\\'"]/.test(letter) ? letter : escape)
    },
  )
}
