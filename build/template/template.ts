import { messageOf } from '../../core/errors.ts'
import { advice } from './advice.ts'
import { parse, tokenize, type Node, type Token } from './jinja.ts'
import { PlacedError, problemAt, type SourceText } from './problem.ts'

/** A Jinja text, parsed, in which every part knows its place (see `placeTokens`). */
export interface Template extends SourceText {
  program: Node
}

const BLOCKS: Record<string, string> = { endset: 'set', endif: 'if', endfor: 'for', endmacro: 'macro' }
const STATEMENTS = new Set(['set', 'if', 'elif', 'else', 'for', 'macro', ...Object.keys(BLOCKS)])

/**
 * Parses a template. The library keeps no positions, so they are put into the program itself, as calls of functions
 * that rendering defines: `__text(offset, text)` for literal text, `__print(__at(offset), value)` for `{{ value }}`,
 * `__at(offset)` before statements. Throws a PlacedError.
 */
export function parseTemplate(source: SourceText): Template {
  const tokens = placeTokens(source, tokenizeText(source))
  // The parser names no place; the furthest token that it has looked at is the one at fault.
  let reached = 0
  const watched = new Proxy<Token[]>(tokens, {
    get: (target, key) => {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (index > reached && index < tokens.length) reached = index
      return Reflect.get(target, key) as unknown
    },
  })
  try {
    return { ...source, program: parse(watched) }
  } catch (error) {
    const reason = messageOf(error).replace(/^Parser Error: /, '')
    throw failure(source, tokens[reached]?.offset ?? 0, `cannot be read as a template: ${reason}`)
  }
}

function tokenizeText(source: SourceText): Token[] {
  try {
    return tokenize(source.text)
  } catch (error) {
    // The tag at fault is the first one that cannot be read when the text is cut before the next one.
    const openers = [...source.text.matchAll(/\{[{%#]/g)].map((match) => match.index)
    const broken = openers.find((_, index) => !isReadable(source.text.slice(0, openers[index + 1])))
    throw failure(source, broken ?? 0, `cannot be read as a template: ${messageOf(error)}`)
  }
}

function isReadable(text: string): boolean {
  try {
    tokenize(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Finds each token in the text it came from; the library gives tokens in order and leaves out only white space. */
function offsetsOf(source: SourceText, tokens: Token[]): number[] {
  const { text } = source
  let at = 0
  let skipsSpace = false
  const pastSpace = () => {
    const space = /\s*/y
    space.lastIndex = at
    return at + (space.exec(text)?.[0].length ?? 0)
  }
  return tokens.map((token) => {
    if (token.type !== 'Text' || skipsSpace) at = pastSpace()
    const offset = at
    if (token.type === 'Comment') at = text.indexOf('#}', at + 2) + 2
    else if (token.type === 'StringLiteral') at = pastString(text, at)
    else if (text[at] === '-' && token.type.startsWith('Close')) at += 1 + token.value.length
    else if (text.startsWith(token.value, at)) at += token.value.length
    else throw failure(source, at, 'this tag is not supported')
    if (token.type.startsWith('Open') && text[at] === '-' && /^\{[{%]$/.test(token.value)) at += 1
    skipsSpace = /^(Close(Statement|Expression)|Comment)$/.test(token.type) && text[at - 3] === '-'
    return offset
  })
}

function pastString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== text[start]) at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** A text, a comment, or a tag from its opening to its closing token. */
type Segment = PlacedToken[]

interface PlacedToken extends Token {
  offset: number
}

interface Block {
  name: string
  offset: number
}

function placeTokens(source: SourceText, tokens: Token[]): PlacedToken[] {
  const open: Block[] = []
  const placed = segmentsOf(source, tokens).flatMap((segment) => {
    const offset = segment[0]?.offset ?? 0
    const isCaptured = open.some(({ name }) => name === 'macro' || name === 'set')
    const [first, second] = segment
    if (first?.type === 'OpenStatement') trackBlock(source, open, second?.value ?? '', segment)
    return placeSegment(segment, isCaptured).map((token) => ({ offset, ...token }))
  })
  const unclosed = open[0]
  if (unclosed !== undefined) throw failure(source, unclosed.offset, `{% ${unclosed.name} %} is never closed`)
  return placed
}

function segmentsOf(source: SourceText, tokens: Token[]): Segment[] {
  const offsets = offsetsOf(source, tokens)
  const segments: Segment[] = []
  let tag: Segment | null = null
  for (const [index, token] of tokens.entries()) {
    const placed = { type: token.type, value: token.value, offset: offsets[index] ?? 0 }
    if (tag === null) segments.push([placed])
    else tag.push(placed)
    if (/^Open(Expression|Statement)$/.test(token.type)) tag = segments.at(-1) ?? null
    if (/^Close(Expression|Statement)$/.test(token.type)) tag = null
    if (tag !== null && token.type === 'Identifier' && token.value.startsWith('__')) {
      throw failure(source, placed.offset, `names that begin with __ are the builder's own: ${token.value}`)
    }
  }
  if (tag !== null) throw failure(source, tag[0]?.offset ?? 0, 'this tag is never closed')
  return segments
}

/** Keeps the stack of open blocks. A `set` that assigns no value opens one too. */
function trackBlock(source: SourceText, open: Block[], name: string, tag: Segment): void {
  const offset = tag[0]?.offset ?? 0
  if (!STATEMENTS.has(name)) throw failure(source, offset, `{% ${name} %} is not supported here${advice(name)}`)
  if (name in BLOCKS) {
    const block = open.pop()
    if (block?.name !== BLOCKS[name]) throw failure(source, offset, `{% ${name} %} closes nothing that is open here`)
  } else if (/^(macro|if|for)$/.test(name) || (name === 'set' && !tag.some((token) => token.type === 'Equals'))) {
    open.push({ name, offset })
  }
}

/** What a segment becomes. In a macro or block set (`isCaptured`), text is a value and not yet output. */
function placeSegment(segment: Segment, isCaptured: boolean): Token[] {
  const [first, second, ...rest] = segment
  if (first === undefined || first.type === 'Comment') return segment
  const { offset, value } = first
  if (first.type === 'Text') {
    return isCaptured ? segment : output(call('__text', [number(offset)], [{ type: 'StringLiteral', value }]))
  }
  const last = segment.slice(-1)
  if (first.type === 'OpenExpression') {
    return [first, ...after(offset, isCaptured ? '__capture' : '__print', segment.slice(1, -1)), ...last]
  }
  switch (second?.value) {
    case 'if':
    case 'elif':
      return [first, second, ...after(offset, '__seq', rest.slice(0, -1)), ...last]
    case 'set':
      return [...output(call('__at', [number(offset)])), ...segment]
    case 'for':
      return [...output(call('__at', [number(offset)])), ...segment, ...freshScope(rest)]
    default:
      return segment
  }
}

const failure = (source: SourceText, offset: number, message: string) => {
  return new PlacedError(problemAt(source, offset, message))
}

const number = (value: number): Token => ({ type: 'NumericLiteral', value: String(value) })
const identifier = (value: string): Token => ({ type: 'Identifier', value })
const COMMA: Token = { type: 'Comma', value: ',' }

function call(name: string, ...args: Token[][]): Token[] {
  const list = args.flatMap((arg, index) => (index === 0 ? arg : [COMMA, ...arg]))
  return [identifier(name), { type: 'OpenParen', value: '(' }, ...list, { type: 'CloseParen', value: ')' }]
}

/** A call with the value of an expression that is evaluated after its place is noted. */
const after = (offset: number, name: string, expression: Token[]) =>
  call(name, call('__at', [number(offset)]), expression)

function output(expression: Token[]): Token[] {
  return [{ type: 'OpenExpression', value: '{{' }, ...expression, { type: 'CloseExpression', value: '}}' }]
}

// In Jinja each turn of a loop starts without what the turn before has set; in the library it does not.
function freshScope(tag: Token[]): Token[] {
  const until = tag.findIndex((token) => token.value === 'in' && token.type === 'Identifier')
  const names = tag.slice(0, until).filter((token) => token.type === 'Identifier')
  return output(call('__turn', ...names.map(({ value }): Token[] => [{ type: 'StringLiteral', value }])))
}
