import { messageOf } from '../../core/errors.ts'
import { parse, type Node, type Token } from './jinja.ts'
import type { Extent, PlacedToken } from './lexer.ts'
import { lower } from './lower.ts'
import { failure, type SourceText } from './problem.ts'
import { tokensOf } from './tokens.ts'

/** A Jinja text, parsed, in which every part knows its place (see `lower`). */
export interface Template extends SourceText {
  program: Node
}

/** Parses a template, or the part of a text that is one. Throws a PlacedError. */
export function parseTemplate(source: SourceText, extent: Extent = { start: 0, end: source.text.length }): Template {
  const { tokens, tags } = tokensOf(source, extent)
  const program = parseTokens(source, tokens)
  lower(source, program, tags)
  return { ...source, program }
}

function parseTokens(source: SourceText, tokens: PlacedToken[]): Node {
  try {
    return parse(tokens)
  } catch (error) {
    const reason = messageOf(error).replace(/^Parser Error: /, '')
    throw failure(source, tokens[furthest(tokens)]?.offset ?? 0, `cannot be read as a template: ${reason}`)
  }
}

// The parser names no place; the furthest token that it has looked at is the one at fault.
function furthest(tokens: PlacedToken[]): number {
  let reached = 0
  const watched = new Proxy<Token[]>(tokens, {
    get: (target, key) => {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (index > reached && index < tokens.length) reached = index
      return Reflect.get(target, key) as unknown
    },
  })
  try {
    parse(watched)
  } catch {
    return reached
  }
  return 0
}
