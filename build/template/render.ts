import { messageOf } from '../../core/errors.ts'
import { box, boxFunction, functionIn, newScope, run, type Scope, type TemplateFunction, type Value } from './jinja.ts'
import { PlacedError, problemAt } from './problem.ts'
import type { RelationName } from '../graph/relation.ts'
import { offsetOfWord } from './template-check.ts'
import { boxRelation, operate, printed, printedItems, truncated, unboxArguments } from './template-value.ts'
import type { Template } from './template.ts'

/** What a template can ask for. A function that throws fails the template at the tag that called it. */
export interface RenderContext {
  /** `offset` is where the name stands in the template. */
  ref(name: string, project: string | undefined, offset: number): RelationName
  source(source: string, table: string): RelationName
  config(settings: Record<string, unknown>, offset: number): void
  vars: Record<string, unknown>
  this: RelationName | null
  target: { name: string; schema: string }
  isIncremental: boolean
}

export interface Compiled {
  template: Template
  sql: string
  /** The pieces of the SQL in order: copied text, or what a tag printed, with the offset it came from. */
  chunks: { text: string; offset: number; isCopy: boolean }[]
}

interface RenderState {
  template: Template
  offset: number
  chunks: Compiled['chunks']
}

/** Renders a template. Throws a PlacedError. */
export function render(template: Template, macros: Template[], context: RenderContext): Compiled {
  const state: RenderState = { template, offset: 0, chunks: [] }
  try {
    const environment = environmentFor(state, macros, context)
    state.chunks = []
    run(template.program, newScope(environment))
  } catch (error) {
    if (error instanceof PlacedError) throw error
    throw new PlacedError(problemAt(template, state.offset, messageOf(error)))
  }
  return { template, sql: state.chunks.map((chunk) => chunk.text).join(''), chunks: state.chunks }
}

/** Renders a call of one macro, such as `generate_schema_name`. */
export function renderMacro(
  macro: Template,
  name: string,
  macros: Template[],
  context: RenderContext,
  args: unknown[],
): string {
  const state: RenderState = { template: macro, offset: 0, chunks: [] }
  const environment = environmentFor(state, macros, context)
  return printed(functionIn(environment, name)(args.map(box), environment))
}

/** The offset in the template of the character at `index` of its SQL; for what a tag printed, that of the tag. */
export function templateOffset(compiled: Compiled, index: number): number {
  let start = 0
  for (const chunk of compiled.chunks) {
    if (index < start + chunk.text.length) return chunk.isCopy ? chunk.offset + index - start : chunk.offset
    start += chunk.text.length
  }
  return compiled.template.text.trimEnd().length
}

function environmentFor(state: RenderState, macros: Template[], context: RenderContext): Scope {
  const environment = newScope()
  const values = { true: true, True: true, false: false, False: false, none: null, None: null }
  for (const [name, value] of Object.entries(values)) environment.set(name, value)
  environment.setVariable('this', context.this === null ? box(null) : boxRelation(context.this))
  environment.set('target', { ...context.target, type: 'postgres' })
  const functions = { ...placeFunctions(state), ...contextFunctions(state, context) }
  for (const [name, call] of Object.entries(functions)) environment.setVariable(name, boxFunction(call))
  for (const macro of macros) {
    run(macro.program, environment)
    for (const name of macroNames(macro)) {
      environment.setVariable(name, callable(state, macro, name, environment))
    }
  }
  return environment
}

export function macroNames(macro: Template): string[] {
  return (macro.program.body ?? []).flatMap((node) => (node.type === 'Macro' ? String(node.name?.value) : []))
}

function contextFunctions(state: RenderState, context: RenderContext): Record<string, TemplateFunction> {
  return {
    range: (args) => box(range(unboxArguments(args).positional.map(Number))),
    is_incremental: () => box(context.isIncremental),
    var: (args) => {
      const name = String(args[0]?.value)
      return located(state, name, () => box(readVariable(context.vars, name, unboxArguments(args))))
    },
    ref: (args) => {
      const names = texts('ref', args, 1, 2)
      const name = names.at(-1) ?? ''
      const project = names.length === 2 ? names[0] : undefined
      const offset = offsetOfWord(state.template, state.offset, name)
      return located(state, name, () => boxRelation(context.ref(name, project, offset)))
    },
    source: (args) => {
      const [source = '', table = ''] = texts('source', args, 2, 2)
      return located(state, table, () => boxRelation(context.source(source, table)))
    },
    config: (args) => {
      const { positional, named } = unboxArguments(args)
      context.config({ ...Object(positional[0]), ...named }, state.offset)
      return box('')
    },
  }
}

/** The functions that `parseTemplate` and `checkTemplate` put into a program. */
function placeFunctions(state: RenderState): Record<string, TemplateFunction> {
  const put = (text: string, offset: number, isCopy: boolean) => {
    state.chunks.push({ text, offset, isCopy })
    return box('')
  }
  return {
    __at: ([offset]) => {
      state.offset = Number(offset?.value)
      return box(null)
    },
    __seq: only,
    __text: ([offset, text]) => put(String(text?.value), Number(offset?.value), true),
    __print: (args) => put(printed(only(args)), state.offset, false),
    __capture: (args) => box(printed(only(args))),
    __turn: (args, scope) => {
      const kept = new Set(['loop', 'namespace', ...args.map((name) => String(name.value))])
      for (const name of scope.variables.keys()) if (!kept.has(name)) scope.variables.delete(name)
      return box(null)
    },
    __items: ([list = box(null)]) => printedItems(list),
    __truncate: ([number = box(null)]) => truncated(number),
    __operate: ([operator, left = box(null), right = box(null)]) => operate(String(operator?.value), left, right),
  }
}

function only(args: Value[]): Value {
  if (args.length !== 2 || args[1] === undefined) throw new Error('{{ }} takes a single value')
  return args[1]
}

/** A macro sees the project's names and its own, not those of its caller; inside it, places are in its own file. */
function callable(state: RenderState, macro: Template, name: string, environment: Scope): Value {
  const inner = functionIn(environment, name)
  return boxFunction((args) => {
    const caller = { template: state.template, offset: state.offset }
    state.template = macro
    try {
      return inner(args, environment)
    } catch (error) {
      const { file, line } = problemAt(macro, state.offset, '')
      throw new Error(`in the macro ${name} (${file}:${line}): ${messageOf(error)}`, { cause: error })
    } finally {
      Object.assign(state, caller)
    }
  })
}

function located(state: RenderState, word: string, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    state.offset = offsetOfWord(state.template, state.offset, word)
    throw error
  }
}

function texts(name: string, args: Value[], least: number, most: number): string[] {
  const { positional } = unboxArguments(args)
  if (args.length === positional.length && positional.length >= least && positional.length <= most) {
    if (positional.every((value) => typeof value === 'string')) return positional
  }
  const count = least === most ? `${least}` : `${least} or ${most}`
  throw new Error(`${name}() takes ${count} names as strings`)
}

function readVariable(vars: Record<string, unknown>, name: string, args: ReturnType<typeof unboxArguments>): unknown {
  if (Object.hasOwn(vars, name)) return vars[name]
  const fallback = args.positional.length > 1 ? args.positional[1] : args.named.default
  if (fallback !== undefined) return fallback
  throw new Error(`the variable ${name} has no value; set it in dbt_project.yml or give var() a default`)
}

function range(bounds: number[]): number[] {
  const [from = 0, to = 0, step = 1] = bounds.length === 1 ? [0, ...bounds] : bounds
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, index) => from + index * step)
}
