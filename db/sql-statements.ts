/** A statement of an SQL script, with the line (from 1) on which it begins. */
export interface SqlStatement {
  text: string
  line: number
}

// In order: comments, dollar-quoted and quoted texts, words, the ends of statements. All else is skipped.
const TOKEN =
  /(?<comment>--[^\n]*|\/\*)|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<escape>\b[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$))|(?<quoted>'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$))|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<end>;)/g

/**
 * Splits an SQL script at the semicolons that end statements, as psql does: not inside quotes, dollar quotes,
 * (nested) comments or the `begin atomic ... end` of a function. Statements keep their semicolon; pieces without any
 * SQL are left out.
 */
export function splitStatements(script: string): SqlStatement[] {
  const statements: SqlStatement[] = []
  const token = new RegExp(TOKEN)
  let from: number | null = null
  let words: string[] = []
  let depth = 0
  const finish = (end: number) => {
    if (from !== null) statements.push({ text: script.slice(from, end), line: lineAt(script, from) })
    from = null
    words = []
    depth = 0
  }
  let last = 0
  for (;;) {
    const match = token.exec(script)
    const start = match?.index ?? script.length
    if (from === null) {
      const skipped = /\S/.exec(script.slice(last, start))
      if (skipped !== null) from = last + skipped.index
      else if (match !== null && match.groups?.['comment'] === undefined && match[0] !== ';') from = start
    }
    if (match === null) break
    const { comment, dollar, word, end } = match.groups ?? {}
    if (comment === '/*') token.lastIndex = endOfComment(script, start)
    if (dollar !== undefined) token.lastIndex = endOfDollarQuote(script, token.lastIndex, dollar)
    if (word !== undefined) {
      words.push(word.toLowerCase())
      depth += depthChange(words, depth)
    }
    if (end !== undefined && depth === 0) finish(token.lastIndex)
    last = token.lastIndex
  }
  finish(script.length)
  return statements
}

/** The line (from 1) of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Only the body of a function or procedure may hold statements; there `case` has an `end` of its own. */
function depthChange(words: string[], depth: number): number {
  const word = words.at(-1)
  if (depth > 0) return word === 'case' || word === 'begin' ? 1 : word === 'end' ? -1 : 0
  const object = words[1] === 'or' && words[2] === 'replace' ? words[3] : words[1]
  const isRoutine = words[0] === 'create' && (object === 'function' || object === 'procedure')
  return isRoutine && word === 'atomic' && words.at(-2) === 'begin' ? 1 : 0
}

function endOfComment(script: string, start: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  let depth = 0
  for (let match = edge.exec(script); match !== null; match = edge.exec(script)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return script.length
}

function endOfDollarQuote(script: string, from: number, tag: string): number {
  const end = script.indexOf(tag, from)
  return end === -1 ? script.length : end + tag.length
}
