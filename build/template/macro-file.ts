import { macrosIn } from './blocks.ts'
import { failure, PlacedError, problemAt, warningOf, type Problem, type SourceText } from './problem.ts'
import { checkTemplate, offsetOfWord } from './template-check.ts'
import { parseTemplate, type Template } from './template.ts'

/** A `{% macro %}`, `{% test %}` or `{% materialization %}` of a file, from its first character to its last. */
interface MacroBlock {
  kind: string
  name: string
  source: SourceText
  start: number
  end: number
}

/** A macro that cannot be run here: it matters only when something that is built calls it. */
export interface UnusableMacro extends MacroBlock {
  problems: Problem[]
}

export interface ProjectMacros {
  /** The macros that can be run, file by file. */
  files: Template[]
  /** The names of all macros. */
  names: string[]
  unusable: UnusableMacro[]
  /** What finds a call of an unusable macro in a text; null when all can be run. */
  unusableCalls: RegExp | null
  /** The templates in which it found one. */
  callers: SourceText[]
}

// Comments and raw blocks are matched as well, so that a tag in them is passed over.
const TAG =
  /\{#.*?#\}|\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{%-?\s*(end)?(macro|test|data_test|materialization|if|for)\b\s*(\w*)(.*?)%\}/gs

/** The macros of the project's files. As in dbt, what stands outside of them has no effect. */
export function readMacroFiles(sources: SourceText[], problems: Problem[]): ProjectMacros {
  const blocks = sources.flatMap((source) => macroBlocks(source, problems))
  problems.push(...twins(blocks))
  const macros: ProjectMacros = {
    files: [],
    names: blocks.map((block) => block.name),
    unusable: [],
    unusableCalls: null,
    callers: [],
  }
  const bySource = Map.groupBy(blocks, (block) => block.source)
  for (const [source, own] of bySource) {
    const body = own.flatMap((block) => {
      const { template, problems: found } = readBlock(block, macros.names)
      if (found.length > 0) macros.unusable.push({ ...block, problems: found })
      return found.length > 0 ? [] : (template?.program.body ?? [])
    })
    macros.files.push({ ...source, program: { type: 'Program', body } })
  }
  const unusable = macros.unusable.map((macro) => macro.name)
  if (unusable.length > 0) macros.unusableCalls = callsOf(namesUsing(unusable, macros.files))
  return macros
}

function readBlock(block: MacroBlock, names: string[]): { template: Template | null; problems: Problem[] } {
  try {
    const template = parseTemplate(block.source, block)
    return { template, problems: checkTemplate(template, names) }
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    return { template: null, problems: [error.problem] }
  }
}

function macroBlocks(source: SourceText, problems: Problem[]): MacroBlock[] {
  const blocks: MacroBlock[] = []
  const conditions: string[] = []
  let open: MacroBlock | null = null
  const refuse = (offset: number, message: string) => problems.push(failure(source, offset, message).problem)
  for (const { index, 0: text, 1: end, 2: kind, 3: title = '', 4: rest = '' } of source.text.matchAll(TAG)) {
    if (kind === undefined) continue
    if (kind === 'if' || kind === 'for') {
      if (open === null && end === undefined) conditions.push(kind)
      else if (open === null && conditions.pop() !== kind) refuse(index, `${text} closes nothing that is open here`)
    } else if (end !== undefined) {
      if (open?.kind === kind) blocks.push({ ...open, end: index + text.length })
      else refuse(index, `${text} closes nothing that is open here`)
      open = null
    } else if (open !== null) {
      refuse(index, `{% ${kind} ${title} %} stands inside the ${open.kind} ${open.name}, or that is never closed`)
    } else {
      if (conditions.length > 0)
        refuse(index, `{% ${kind} ${title} %} stands inside {% ${conditions.at(-1)} %}, which dbt refuses too`)
      open = { kind, name: nameOf(kind, title, rest), source, start: index, end: index }
    }
  }
  if (open !== null) refuse(open.start, `{% ${open.kind} %} is never closed`)
  return blocks
}

/** A generic test and a materialization have names of their own kinds. */
function nameOf(kind: string, title: string, rest: string): string {
  if (kind === 'macro') return title
  if (kind !== 'materialization') return `test_${title}`
  return `materialization_${title}_${/adapter\s*=\s*['"](\w+)['"]/.exec(rest)?.[1] ?? 'default'}`
}

function twins(blocks: MacroBlock[]): Problem[] {
  const seen = new Map<string, MacroBlock>()
  return blocks.flatMap((block) => {
    const { name, source, start } = block
    const other = seen.get(name)
    seen.set(name, other ?? block)
    if (other === undefined) return []
    return [
      problemAt(source, offsetOfWord(source, start, name), `the macro ${name} is defined in ${other.source.file} too`),
    ]
  })
}

// What dbt takes from the project in place of its own, also when nothing names it.
const ALWAYS_CALLED =
  /^(generate_(schema|alias|database)_name|materialization_(view|table|incremental|seed|snapshot|test|unit)_(default|postgres))$/

/** Whether a template calls no macro that cannot be run; one that does is kept for `judgeMacros`. */
export function isRunnable(template: Template, macros: ProjectMacros): boolean {
  if (macros.unusableCalls?.test(template.text) !== true) return true
  macros.callers.push(template)
  return false
}

/** The unusable macros that something built calls, also through other macros, are problems; the others are warnings. */
export function judgeMacros({ files, unusable, callers }: ProjectMacros): { problems: Problem[]; warnings: string[] } {
  const judged: { problems: Problem[]; warnings: string[] } = { problems: [], warnings: [] }
  for (const { name, problems } of unusable) {
    const calls = callsOf(namesUsing([name], files))
    const isCalled = ALWAYS_CALLED.test(name) || callers.some(({ text }) => calls.test(text))
    if (isCalled) judged.problems.push(...problems)
    else judged.warnings.push(...problems.map((problem) => `${warningOf(problem)} (no build calls ${name})`))
  }
  return judged
}

const callsOf = (names: string[]) => new RegExp(`\\b(${names.join('|')})\\s*\\(|(['"])(${names.join('|')})\\2`)

/** The names and those of the macros that use them, directly or through other macros. */
export function namesUsing(names: string[], files: Template[]): string[] {
  const macros = files.flatMap(macroTexts)
  const found = new Set<string>()
  for (let next = names; next.length > 0;) {
    // `adapter.dispatch` calls a macro by its name without what says for which database it is.
    for (const name of next) found.add(name).add(name.replace(/^(default|postgres)__/, ''))
    const pattern = new RegExp(`\\b(${[...found].join('|')})\\b`)
    next = macros.flatMap(({ name, text }) => (!found.has(name) && pattern.test(text) ? name : []))
  }
  return [...found]
}

/** The macros of a file and the text of each. */
function macroTexts(file: Template): { name: string; text: string }[] {
  const macros = macrosIn(file)
  return macros.map(({ name, offset }, index) => ({ name, text: file.text.slice(offset, macros[index + 1]?.offset) }))
}
