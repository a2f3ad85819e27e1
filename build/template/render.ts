import { messageOf } from '../../core/errors.ts'
import type { RenderedRelation } from '../graph/relation.ts'
import { macroNames } from './blocks.ts'
import { contextFunctions } from './context.ts'
import { applyFilter } from './filters.ts'
import { boolean, box, boxFunction, dictionary, functionIn, list, newScope, NONE, run, text } from './jinja.ts'
import type { Node, Scope, TemplateFunction, Value } from './jinja.ts'
import { callMethod, METHOD_NAMES } from './methods.ts'
import { operate } from './operators.ts'
import { failure, PlacedError, problemAt } from './problem.ts'
import { boxRelation, itemsOf, memberOf, printed, pythonText, sliceOf, unbox } from './template-value.ts'
import type { Template } from './template.ts'
import { applyTest } from './value-test.ts'

export { macroNames }

/** What a template can ask for. A function that throws fails the template at the tag that called it. */
export interface RenderContext {
  /** `offset` is where the name stands in the template, or the tag that calls the macro in which it stands. */
  ref(name: string, project: string | undefined, offset: number): RenderedRelation
  source(source: string, table: string): RenderedRelation
  config(settings: Record<string, unknown>, offset: number): void
  vars: Record<string, unknown>
  this: RenderedRelation | null
  target: { name: string; schema: string; database?: string; profile_name?: string }
  isIncremental: boolean
  /** A variable of the environment, for `env_var`. */
  env?(name: string): string | undefined
  /** The text of a docs block, for `doc`. */
  doc?(name: string): string
  /** What `execute` says: whether this is for a run (true when left out) or only to learn what the template uses. */
  isExecuting?: boolean
}

export interface Compiled {
  template: Template
  sql: string
  /** The pieces of the SQL in order: copied text, or what a tag printed, with the offset it came from. */
  chunks: { text: string; offset: number; isCopy: boolean }[]
  /** Names of the project's macros that were called, also by other macros. */
  macros: Set<string>
}

/** The texts of a macro or block set, and for the latter the values that the names it sets had before. */
interface Capture {
  texts: string[]
  before: Map<string, Value | undefined>
}

const newCapture = (): Capture => ({ texts: [], before: new Map() })

/** Where a rendering stands. */
export interface RenderState {
  context: RenderContext
  /** The template that is rendered, and the place of its tag that is being evaluated. */
  outer: Template
  outerOffset: number
  /** The same for the template or macro that is being evaluated. */
  template: Template
  offset: number
  chunks: Compiled['chunks']
  /** The texts of the macros and block sets that are being evaluated, the innermost last. */
  captures: Capture[]
  macros: Set<string>
  /** What the tags gave, where the values are wanted and not their text. */
  values: Value[] | null
}

/** The macros of a project, defined in a scope that renderings share, one at a time. */
interface Machine {
  /** How many macro files there were. */
  size: number
  scope: Scope
  state: RenderState
  /** Macro files that do more than define macros; they are run anew for each rendering. */
  restless: Template[]
  isBusy: boolean
}

/** Ends a macro. */
class Return extends Error {
  readonly value: Value

  constructor(value: Value) {
    super('return() stands in no macro')
    this.value = value
  }
}

const MOST_NESTED_MACROS = 100

/** Renders a template. Throws a PlacedError. */
export function render(template: Template, macros: Template[], context: RenderContext): Compiled {
  const { chunks, macros: called } = evaluate(template, macros, context, null)
  return { template, sql: chunks.map((chunk) => chunk.text).join(''), chunks, macros: called }
}

/** The value of a template that is one `{{ expression }}`, else its text. Throws a PlacedError. */
export function renderNative(template: Template, context: RenderContext): unknown {
  const values = evaluate(template, NO_MACROS, context, []).values ?? []
  const [first] = values
  return values.length === 1 && first !== undefined ? native(first) : values.map(pythonText).join('')
}

/** Renders a call of one macro, such as `generate_schema_name`. */
export function renderMacro(
  macro: Template,
  name: string,
  macros: Template[],
  context: RenderContext,
  args: unknown[],
): string {
  return within(macro, macros, context, null, ({ scope }) => printed(functionIn(scope, name)(args.map(box), scope)))
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

function evaluate(template: Template, macros: Template[], context: RenderContext, values: Value[] | null): RenderState {
  return within(template, macros, context, values, ({ scope, state }) => {
    try {
      run(template.program, newScope(scope))
    } catch (error) {
      throw error instanceof PlacedError ? error : failure(state.template, state.offset, messageOf(error))
    }
    return { ...state }
  })
}

const NO_MACROS: Template[] = []
const machines = new WeakMap<Template[], Machine>()

/** Works with the macros in a state of its own; renderings nest where `ref` renders another template. */
function within<T>(
  template: Template,
  macros: Template[],
  context: RenderContext,
  values: Value[] | null,
  work: (machine: Machine) => T,
): T {
  const fresh = { context, outer: template, outerOffset: 0, template, offset: 0 }
  const start: RenderState = { ...fresh, chunks: [], captures: [], macros: new Set(), values }
  const known = machines.get(macros)
  const machine = known?.size === macros.length ? known : newMachine(macros, start)
  machines.set(macros, machine)
  const before = machine.isBusy ? { ...machine.state } : null
  try {
    machine.isBusy = true
    enter(machine, start)
    for (const file of machine.restless) defineMacros(machine, file)
    return work(machine)
  } finally {
    if (before === null) machine.isBusy = false
    else enter(machine, before)
  }
}

function enter({ scope, state }: Machine, next: RenderState): void {
  Object.assign(state, next)
  const { target, isExecuting = true } = next.context
  scope.setVariable('this', next.context.this === null ? NONE : boxRelation(next.context.this, target.database))
  scope.setVariable('target', targets.get(target) ?? boxTarget(target))
  scope.setVariable('execute', isExecuting ? TRUE : FALSE)
}

const TRUE = boolean(true)
const FALSE = boolean(false)
const targets = new WeakMap<object, Value>()

function boxTarget(target: RenderContext['target']): Value {
  const boxed = box({ dbname: target.database, ...target, type: 'postgres' })
  targets.set(target, boxed)
  return boxed
}

function newMachine(macros: Template[], state: RenderState): Machine {
  const scope = newScope()
  const machine: Machine = { size: macros.length, scope, state: { ...state }, restless: [], isBusy: false }
  const values = { true: true, True: true, false: false, False: false, none: null, None: null }
  for (const [name, value] of Object.entries(values)) scope.setVariable(name, box(value))
  const project = new Set(macros.flatMap(macroNames))
  const functions = {
    ...contextFunctions(machine.state, project),
    ...placeFunctions(machine.state, macros),
    return: returned,
  }
  for (const [name, call] of Object.entries(functions)) scope.setVariable(name, boxFunction(call))
  for (const [name, held] of Object.entries(functionHolders(functions))) scope.setVariable(name, held)
  machine.restless = macros.filter((file) => !(file.program.body ?? []).every(isStill))
  for (const file of macros) if (!machine.restless.includes(file)) defineMacros(machine, file)
  return machine
}

/** The variables of the context that have functions: those whose name begins with theirs. */
function functionHolders(functions: Record<string, TemplateFunction>): Record<string, Value> {
  const holder = (prefix: string) => {
    const held = Object.entries(functions).filter(([name]) => name.startsWith(prefix))
    return dictionary(new Map(held.map(([name, call]) => [name.slice(prefix.length), boxFunction(call)])))
  }
  return { adapter: holder('adapter.'), exceptions: holder('exceptions.') }
}

const isStill = ({ type, callee }: Node) =>
  type === 'Macro' || callee?.value === '__macro' || callee?.value === '__text'

/** Runs a macro file in a scope of its own and makes its macros known to all. */
function defineMacros({ scope, state }: Machine, file: Template): void {
  const before = { ...state }
  Object.assign(state, { template: file, offset: 0, captures: [newCapture()] })
  const own = newScope(scope)
  try {
    run(file.program, own)
  } catch (error) {
    throw error instanceof PlacedError ? error : failure(file, state.offset, messageOf(error))
  } finally {
    Object.assign(state, before)
  }
  for (const name of macroNames(file)) scope.setVariable(name, own.lookupVariable(name))
}

const returned: TemplateFunction = ([value = NONE]) => {
  throw new Return(value)
}

/** The functions that parsing puts into a program. */
function placeFunctions(state: RenderState, project: Template[]): Record<string, TemplateFunction> {
  const put = (value: Value, content: string, offset: number, isCopy: boolean) => {
    const capture = state.captures.at(-1)
    if (capture !== undefined) capture.texts.push(content)
    else if (state.values !== null) state.values.push(value)
    else state.chunks.push({ text: content, offset, isCopy })
    return NONE
  }
  return {
    __at: ([offset]) => {
      state.offset = Number(offset?.value)
      if (state.template === state.outer) state.outerOffset = state.offset
      return NONE
    },
    __seq: ([, value = NONE]) => value,
    __do: () => NONE,
    __text: ([offset, value = NONE]) => put(value, String(value.value), Number(offset?.value), true),
    __print: ([, value = NONE]) => put(value, state.values === null ? printed(value) : '', state.offset, false),
    __open: (names, { variables }) => {
      const before = names.map(({ value }): [string, Value | undefined] => [
        String(value),
        variables.get(String(value)),
      ])
      state.captures.push({ texts: [], before: new Map(before) })
      return NONE
    },
    __close: (_, { variables }) => {
      const { texts, before } = state.captures.pop() ?? newCapture()
      for (const [name, value] of before) {
        if (value === undefined) variables.delete(name)
        else variables.set(name, value)
      }
      return text(texts.join(''))
    },
    __macro: ([offset, named], scope) => {
      const [name, template] = [String(named?.value), state.template]
      const macro = { name, template, offset: Number(offset?.value), isProject: project.includes(template) }
      scope.setVariable(name, boxFunction(callable(state, macro, functionIn(scope, name), scope)))
      return NONE
    },
    __turn: (args, scope) => {
      const kept = new Set(['loop', 'namespace', ...args.map((name) => String(name.value))])
      for (const name of scope.variables.keys()) if (!kept.has(name)) scope.variables.delete(name)
      return NONE
    },
    __tuple: (items) => list(items, 'tuple'),
    __iterate: ([value = NONE]) => list(itemsOf(value)),
    __operate: ([operator, left = NONE, right = NONE]) => operate(String(operator?.value), left, right),
    __get: ([key = NONE, object = NONE]) => memberOf(object, key, METHOD_NAMES),
    __slice: ([object = NONE, ...bounds]) => sliceOf(object, bounds),
    __test: ([name, value = NONE, negate]) => boolean(applyTest(String(name?.value), value) !== (negate?.value === 1)),
    __method: ([name, object = NONE, ...args], scope) => callMethod(String(name?.value), object, args, scope),
    __filter: ([named, value = NONE, ...args]) => {
      const name = String(named?.value)
      // Where values are wanted, these say of what type; elsewhere they do nothing.
      if (state.values === null || !name.startsWith('as_')) return applyFilter(name, value, args)
      return Object.assign(text(pythonText(value)), { kind: `as_${name.slice(3)}` as const })
    },
  }
}

/** A macro sees the names of its file, not those of its caller; inside it, places are in its own file. */
function callable(
  state: RenderState,
  macro: { name: string; template: Template; offset: number; isProject: boolean },
  inner: TemplateFunction,
  scope: Scope,
): TemplateFunction {
  return (args) => {
    const { template, offset } = state
    const depth = state.captures.length
    if (depth > MOST_NESTED_MACROS) throw new Error(`the macro ${macro.name} calls itself without end`)
    if (macro.isProject) state.macros.add(macro.name)
    state.template = macro.template
    state.offset = macro.offset
    state.captures.push(newCapture())
    try {
      inner(args, scope)
      return text(state.captures.at(-1)?.texts.join('') ?? '')
    } catch (error) {
      if (error instanceof Return) return error.value
      const { file, line } = problemAt(macro.template, state.offset, '')
      throw new Error(`in the macro ${macro.name} (${file}:${line}): ${messageOf(error)}`, { cause: error })
    } finally {
      state.captures.length = depth
      Object.assign(state, { template, offset })
    }
  }
}

/** The JavaScript value; for a text that a filter such as `as_number` marked, the value that it says. */
function native(value: Value): unknown {
  const kind = value.kind ?? ''
  if (!kind.startsWith('as_') || kind === 'as_text') return unbox(value)
  const content = String(value.value)
  const literal = literalOf(content.trim())
  if (kind === 'as_bool' && typeof literal !== 'boolean')
    throw new Error(`as_bool: ${content} is neither True nor False`)
  if (kind === 'as_number' && typeof literal !== 'number') throw new Error(`as_number: ${content} is no number`)
  return literal ?? content
}

function literalOf(content: string): unknown {
  if (content === 'True' || content === 'False') return content === 'True'
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(content) ? Number(content) : undefined
}
