import {
  box,
  boolean,
  integer,
  list,
  NONE,
  text,
  UNDEFINED,
  type Scope,
  type TemplateFunction,
  type Value,
} from './jinja.ts'
import type { RenderState } from './render.ts'
import { bindArguments, boxRelation, nameOf, pythonText, splitArguments, unbox } from './template-value.ts'
import { offsetOfWord } from './template-check.ts'

// A larger range is refused by the sandbox that dbt renders in.
const LONGEST_RANGE = 100_000

/** The functions of the context by their names in templates. `macros` are the names of the project's macros. */
export function contextFunctions(state: RenderState, macros: Set<string>): Record<string, TemplateFunction> {
  return {
    range: (args) => list(range(args).map(integer), 'range'),
    is_incremental: () => boolean(state.context.isIncremental),
    var: (args) => {
      const [named, fallback] = bindArguments('var()', ['name', 'default'], args)
      const name = String(named?.value)
      const { vars } = state.context
      if (Object.hasOwn(vars, name)) return box(vars[name])
      if (fallback !== undefined) return fallback
      const message = `the variable ${name} has no value; set it in dbt_project.yml or give var() a default`
      return located(state, name, () => fail(message))
    },
    env_var: (args) => {
      const [named, fallback] = bindArguments('env_var()', ['var', 'default'], args)
      const name = String(named?.value)
      const found = state.context.env?.(name)
      if (found !== undefined) return text(found)
      if (fallback !== undefined) return text(pythonText(fallback))
      const message = `the environment variable ${name} is not set; set it or give env_var() a default`
      return located(state, name, () => fail(message))
    },
    doc: (args) => {
      const [name = ''] = texts('doc', args, 1, 1)
      const { context } = state
      if (context.doc === undefined) return fail('doc() is used in descriptions only')
      return located(state, name, () => text(context.doc?.(name) ?? ''))
    },
    ref: (args) => {
      const names = texts('ref', args, 1, 2)
      const name = names.at(-1) ?? ''
      const { context, outer, outerOffset } = state
      const offset = state.template === outer ? offsetOfWord(outer, state.offset, name) : outerOffset
      const project = names.length === 2 ? names[0] : undefined
      return located(state, name, () => boxRelation(context.ref(name, project, offset), context.target.database))
    },
    source: (args) => {
      const [source = '', table = ''] = texts('source', args, 2, 2)
      const { context } = state
      return located(state, table, () => boxRelation(context.source(source, table), context.target.database))
    },
    config: (args) => {
      const { positional, named } = splitArguments(args)
      const [given = UNDEFINED] = positional
      const settings = Object.fromEntries([...named].map(([key, value]) => [key, unbox(value)]))
      state.context.config({ ...Object(unbox(given)), ...settings }, state.outerOffset)
      return text('')
    },
    log: () => text(''),
    print: () => text(''),
    'exceptions.warn': () => text(''),
    'exceptions.raise_compiler_error': ([message = UNDEFINED]) => fail(pythonText(message)),
    'adapter.quote': (args) => text(`"${texts('adapter.quote', args, 1, 1).join('')}"`),
    'adapter.dispatch': (args, scope) => {
      const [name] = bindArguments('adapter.dispatch()', ['macro_name', 'macro_namespace'], args)
      return dispatched(String(name?.value), macros, scope)
    },
  }
}

/** The macro for Postgres, else the one for any database. */
function dispatched(name: string, macros: Set<string>, scope: Scope): Value {
  const candidates = [`postgres__${name}`, `default__${name}`, name]
  const found = candidates.find((candidate) => macros.has(candidate))
  return found === undefined ? fail(`there is no macro ${candidates.join(' or ')}`) : scope.lookupVariable(found)
}

function fail(message: string): never {
  throw new Error(message)
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
  const given = args.flatMap((value) => (value.type === 'StringValue' ? String(value.value) : []))
  if (given.length === args.length && given.length >= least && given.length <= most) return given
  const names =
    most === 1 ? 'one name as a string' : `${least === most ? least : `${least} or ${most}`} names as strings`
  return fail(`${name}() takes ${names}`)
}

function range(args: Value[]): number[] {
  const wrong = args.find((value) => value.type !== 'IntegerValue')
  if (wrong !== undefined || args.length === 0) fail(`range() takes whole numbers, not ${nameOf(wrong ?? NONE)}`)
  const bounds = args.map((value) => Number(value.value))
  const [from = 0, to = 0, step = 1] = bounds.length === 1 ? [0, ...bounds] : bounds
  if (step === 0) fail('the step of range() is zero')
  const length = Math.max(0, Math.ceil((to - from) / step))
  if (length > LONGEST_RANGE) fail(`range() gives at most ${LONGEST_RANGE} numbers`)
  return Array.from({ length }, (_, index) => from + index * step)
}
