import * as library from '@huggingface/jinja'

// The library's own declarations do not resolve for ESM (they import without file extensions), so what is used of it
// is declared here.

export interface Token {
  type: string
  value: string
}

/** A node of a parsed template. `value` is a name, a literal, or the items of a list or dictionary. */
export interface Node {
  type: string
  value?: unknown
  name?: Node
  args?: Node[]
  callee?: Node
  object?: Node
  property?: Node
  computed?: boolean
  start?: Node
  stop?: Node
  step?: Node
  operand?: Node
  filter?: Node
  test?: Node
  negate?: boolean
  operator?: Node
  left?: Node
  right?: Node
  lhs?: Node
  argument?: Node
  key?: Node
  assignee?: Node
  loopvar?: Node
  iterable?: Node
  body?: Node[]
  alternate?: Node[]
  defaultBlock?: Node[]
}

/** Types of Python that the library has no class for, and texts that a filter has marked. */
type Kind = 'tuple' | 'generator' | 'view' | 'range' | 'relation' | 'markup' | `as_${string}`

/** A value of the template language, boxed. */
export interface Value {
  type: string
  value: unknown
  kind?: Kind
  toString(): string
}

export type List = Value & { value: Value[] }
export type Dictionary = Value & { value: Map<string, Value> }

export interface Scope {
  variables: Map<string, Value>
  set(name: string, value: unknown): Value
  setVariable(name: string, value: Value): Value
  lookupVariable(name: string): Value
}

export type TemplateFunction = (args: Value[], scope: Scope) => Value

export const parse: (tokens: Token[]) => Node = library.parse
export const newScope = (parent?: Scope): Scope => new library.Environment(parent)

/** Runs a program; what it prints is up to the functions in the scope. */
export function run(program: Node, scope: Scope): void {
  new library.Interpreter(scope).run(program)
}

// The library does not export its value classes; they are those of the values that it makes.
const sample = (value: unknown) => newScope().set('value', value).constructor
const classes = {
  text: sample(''),
  integer: sample(1),
  float: sample(0.5),
  boolean: sample(true),
  list: sample([]),
  dictionary: sample({}),
  function: sample(() => null),
}
const make = (kind: keyof typeof classes, value: unknown): Value => Reflect.construct(classes[kind], [value])

export const NONE = newScope().set('value', null)
export const UNDEFINED = newScope().set('value', undefined)
export const text = (value: string): Value => make('text', value)
export const boolean = (value: boolean): Value => make('boolean', value)
export const float = (value: number): Value => make('float', value)
export const dictionary = (value: Map<string, Value>): Value => make('dictionary', value)
export const boxFunction = (call: TemplateFunction): Value => make('function', call)

export function integer(value: number): Value {
  if (Number.isSafeInteger(value)) return make('integer', Object.is(value, -0) ? 0 : value)
  throw new Error('the number has more than 15 digits; write it as a string')
}

export function list(items: Value[], kind?: Kind): Value {
  const value = make('list', items)
  if (kind !== undefined) value.kind = kind
  // Python takes a generator for true, also one that gives nothing.
  return kind === 'generator' ? Object.assign(value, { __bool__: () => boolean(true) }) : value
}

/** Boxes a JavaScript value: a string, number, boolean, null, list or object of them. */
export function box(value: unknown): Value {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return Number.isInteger(value) ? make('integer', value) : float(value)
  if (typeof value === 'boolean') return boolean(value)
  if (value === undefined) return UNDEFINED
  if (value === null) return NONE
  if (Array.isArray(value)) return list(value.map(box))
  if (typeof value === 'object')
    return dictionary(new Map(Object.entries(value).map(([key, item]) => [key, box(item)])))
  throw new TypeError(`a ${typeof value} cannot be used in a template`)
}

/** The function in a variable. */
export function functionIn(scope: Scope, name: string): TemplateFunction {
  const { value } = scope.lookupVariable(name)
  if (typeof value !== 'function') throw new TypeError(`${name} is not a function`)
  return (args, caller) => value(args, caller)
}
