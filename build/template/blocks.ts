import { textOf } from './lower.ts'
import { PlacedError, problemAt, type Problem, type SourceText } from './problem.ts'
import { parseTemplate, type Template } from './template.ts'

/** A `{% kind name %} … {% endkind %}` of a file; the text between the tags is from `start` to `end`. */
interface Block {
  name: string
  offset: number
  start: number
  end: number
}

/** The snapshots of a .sql file of the snapshot paths. Their templates' places are those of the file. */
export function snapshotBlocks(
  source: SourceText,
  problems: Problem[],
): { name: string; offset: number; template: Template }[] {
  return blocksOf('snapshot', source, problems).flatMap(({ name, offset, start, end }) => {
    try {
      return { name, offset, template: parseTemplate(source, { start, end }) }
    } catch (error) {
      if (!(error instanceof PlacedError)) throw error
      problems.push(error.problem)
      return []
    }
  })
}

/** The docs blocks of a .md file; everything else in it is plain text. */
export function docsBlocks(source: SourceText, problems: Problem[]): { name: string; text: string; offset: number }[] {
  return blocksOf('docs', source, problems).map(({ name, offset, start, end }) => {
    return { name, offset, text: source.text.slice(start, end).trim() }
  })
}

function blocksOf(kind: 'snapshot' | 'docs', source: SourceText, problems: Problem[]): Block[] {
  const tag = new RegExp(`\\{#.*?#\\}|\\{%-?\\s*(?:(${kind})\\s+(\\w+)|(end${kind}))\\s*-?%\\}`, 'gs')
  const blocks: Block[] = []
  let open: Block | null = null
  for (const match of source.text.matchAll(tag)) {
    const [text, opens, name = '', closes] = match
    const offset = match.index
    if (opens !== undefined && open === null) open = { name, offset, start: offset + text.length, end: 0 }
    else if (closes !== undefined && open !== null) {
      blocks.push({ ...open, end: offset })
      open = null
    } else if (opens !== undefined || closes !== undefined) {
      const message = opens === undefined ? 'closes nothing that is open here' : `stands inside another ${kind} block`
      problems.push(problemAt(source, offset, `${text} ${message}`))
    }
  }
  if (open !== null) problems.push(problemAt(source, open.offset, `{% ${kind} %} is never closed`))
  return blocks
}

/** The macros of a file, in order, with the place of their tag and their parameters. */
export function macrosIn(template: Template): { name: string; offset: number; parameters: string[] }[] {
  const body = template.program.body ?? []
  return body.flatMap((node, index) => {
    if (node.type !== 'Macro') return []
    const offset = Number(body[index + 1]?.args?.[0]?.value)
    return { name: textOf(node.name), offset, parameters: (node.args ?? []).map((item) => textOf(item.key ?? item)) }
  })
}

export function macroNames(template: Template): string[] {
  return macrosIn(template).map((macro) => macro.name)
}

/** The generic tests that a file defines; each is a macro named `test_<name>`, whichever tag it is written with. */
export function genericTestsIn(template: Template): { name: string; parameters: string[]; offset: number }[] {
  return macrosIn(template).flatMap(({ name, ...macro }) =>
    name.startsWith('test_') ? { name: name.slice('test_'.length), ...macro } : [],
  )
}
