import { advice } from './advice.ts'
import type { Token } from './jinja.ts'
import { segmentsOf, type Extent, type PlacedToken, type Segment } from './lexer.ts'
import { failure, type SourceText } from './problem.ts'

const BLOCKS: Record<string, string> = {
  endset: 'set',
  endif: 'if',
  endfor: 'for',
  endmacro: 'macro',
  endtest: 'test',
  enddata_test: 'data_test',
}
const STATEMENTS = new Set([
  ...Object.keys(BLOCKS),
  ...Object.values(BLOCKS),
  'elif',
  'else',
  'do',
  'break',
  'continue',
])
const STATEMENT_PARTS = new Set([...Object.keys(BLOCKS), 'else'])
const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else'])
const OPERANDS = new Set(['NumericLiteral', 'StringLiteral', 'Identifier'])
const OPERAND_ENDS = new Set([...OPERANDS, 'CloseParen', 'CloseSquareBracket', 'CloseCurlyBracket'])
const OPERAND_STARTS = new Set([...OPERANDS, 'OpenCurlyBracket'])

/** What a statement of the program came from. `title` is the name of a macro. */
export interface Tag {
  kind: 'text' | 'print' | 'do' | 'other'
  offset: number
  title: string
}

/**
 * The tokens of a template, and in their order the texts and tags that become statements of its program: the library
 * keeps no positions, so `lower` puts these into the program. Throws a PlacedError.
 */
export function tokensOf(source: SourceText, extent: Extent): { tokens: PlacedToken[]; tags: Tag[] } {
  const open: Block[] = []
  const tokens: PlacedToken[] = []
  const tags: Tag[] = []
  for (const segment of segmentsOf(source, extent)) {
    const [first, second] = segment
    if (first === undefined) continue
    const tag: Tag = { kind: 'print', offset: first.offset, title: '' }
    if (first.type === 'Text') tag.kind = 'text'
    else checkOperators(source, segment)
    if (first.type === 'OpenStatement' && second !== undefined) {
      tag.kind = second.value === 'do' ? 'do' : 'other'
      trackBlock(source, open, second.value, segment)
      if (/^(macro|test|data_test)$/.test(second.value)) tag.title = titleOf(segment)
      translate(segment, tag.title)
    }
    tokens.push(...segment)
    if (!STATEMENT_PARTS.has(tag.kind === 'other' ? (second?.value ?? '') : '')) tags.push(tag)
  }
  const unclosed = open[0]
  if (unclosed !== undefined) throw failure(source, unclosed.offset, `{% ${unclosed.name} %} is never closed`)
  return { tokens, tags }
}

/** Writes the tags that the library does not have as those that it has. */
function translate(tag: Segment, title: string): void {
  const [first, second, third] = tag
  const last = tag.at(-1)
  if (first === undefined || second === undefined || last === undefined) return
  if (second.value === 'do') {
    tag.splice(0, 2, { ...first, type: 'OpenExpression', value: '{{' })
    tag.splice(-1, 1, { ...last, type: 'CloseExpression', value: '}}' })
  } else if (title !== '' && third !== undefined)
    tag.splice(1, 2, { ...second, value: 'macro' }, { ...third, value: title })
  else if (/^end(data_)?test$/.test(second.value)) tag.splice(1, 1, { ...second, value: 'endmacro' })
}

/** The name of the macro that a tag defines. */
const titleOf = ([, kind, name]: Segment) => (kind?.value === 'macro' ? '' : 'test_') + (name?.value ?? '')

interface Block {
  name: string
  offset: number
  breaks: boolean
}

/** Keeps the stack of open blocks. A `set` that assigns no value opens one too. */
function trackBlock(source: SourceText, open: Block[], name: string, tag: Segment): void {
  const offset = tag[0]?.offset ?? 0
  if (!STATEMENTS.has(name)) throw failure(source, offset, `{% ${name} %} is not supported here${advice(name)}`)
  if (name in BLOCKS) {
    if (open.pop()?.name === BLOCKS[name]) return
    throw failure(source, offset, `{% ${name} %} closes nothing that is open here`)
  }
  if (name === 'break' || name === 'continue') {
    const loop = open.findLast((block) => block.name !== 'if')
    if (loop?.name !== 'for') throw failure(source, offset, `{% ${name} %} stands in no loop`)
    loop.breaks = true
  } else if (name === 'else' && open.at(-1)?.breaks === true) {
    throw failure(source, offset, 'a loop with break or continue cannot have an else')
  } else if (/^(macro|test|data_test|if|for)$/.test(name) || (name === 'set' && !tag.some(isEquals))) {
    open.push({ name, offset, breaks: false })
  }
}

const isEquals = (token: Token) => token.type === 'Equals'

/** Refuses what the library reads otherwise than Jinja, in which `~` binds tighter than + and -. */
function checkOperators(source: SourceText, tag: Segment): void {
  const refuse = (token: PlacedToken, message: string) => failure(source, token.offset, message)
  const statement = tag[0]?.type === 'OpenStatement' ? tag[1]?.value : undefined
  const levels = [{ '~': false, '+': false }]
  for (let index = statement === undefined ? 1 : 2; index < tag.length - 1; index += 1) {
    const [before, token, next] = [tag[index - 1], tag[index], tag[index + 1]]
    if (token === undefined || next === undefined) continue
    if (endsOperand(token) && OPERAND_STARTS.has(next.type) && !isKeyword(next)) {
      if (token.type !== 'StringLiteral' || next.type !== 'StringLiteral')
        throw refuse(next, `there is no operator or comma before ${next.value}`)
    }
    const isTest =
      before !== undefined && isKeyword(before, 'is', 'not') && token.type === 'Identifier' && !isKeyword(token)
    if (isTest && isKeyword(next, 'if', 'in', 'not', 'is')) throw refuse(token, 'put the test in parentheses')
    if (
      levels.length === 1 &&
      isKeyword(token, statement === 'for' ? 'else' : statement === 'if' || statement === 'elif' ? 'if' : '')
    )
      throw refuse(token, 'put the condition in parentheses')
    if (token.type.startsWith('Open')) levels.push({ '~': false, '+': false })
    else if (token.type.startsWith('Close')) levels.pop()
    else if (token.type === 'AdditiveBinaryOperator' && before !== undefined && endsOperand(before)) {
      const level = levels.at(-1) ?? { '~': false, '+': false }
      level[token.value === '~' ? '~' : '+'] = true
      if (level['~'] && level['+']) throw refuse(token, 'put the part with + or - beside ~ in parentheses')
    } else if (isKeyword(token) || /^(Comma|Colon|Equals|ComparisonBinaryOperator)$/.test(token.type)) {
      levels.splice(-1, 1, { '~': false, '+': false })
    }
  }
}

const endsOperand = (token: Token) => OPERAND_ENDS.has(token.type) && !isKeyword(token)

function isKeyword({ type, value }: Token, ...names: string[]): boolean {
  return type === 'Identifier' && (names.length === 0 ? KEYWORDS.has(value) : names.includes(value))
}
