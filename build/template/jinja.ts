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
  operand?: Node
  filter?: Node
  test?: Node
  operator?: Node
  left?: Node
  right?: Node
  argument?: Node
  key?: Node
  assignee?: Node
  loopvar?: Node
  iterable?: Node
  body?: Node[]
  alternate?: Node[]
  defaultBlock?: Node[]
}

/** A value of the template language, boxed. */
export interface Value {
  type: string
  value: unknown
  toString(): string
}

export interface Scope {
  variables: Map<string, Value>
  set(name: string, value: unknown): Value
  setVariable(name: string, value: Value): Value
  lookupVariable(name: string): Value
}

export type TemplateFunction = (args: Value[], scope: Scope) => Value

export const tokenize: (text: string) => Token[] = library.tokenize
export const parse: (tokens: Token[]) => Node = library.parse
export const newScope = (parent?: Scope): Scope => new library.Environment(parent)

/** Runs a program; what it prints is up to the functions in the scope. */
export function run(program: Node, scope: Scope): void {
  new library.Interpreter(scope).run(program)
}

/** Boxes a JavaScript value: a string, number, boolean, null, list or object of them. */
export const box = (value: unknown): Value => newScope().set('value', value)

// The library does not export its value classes; a boxed function has the one that takes boxed arguments as they are.
const FunctionValue = box(() => null).constructor

export const boxFunction = (call: TemplateFunction): Value => Reflect.construct(FunctionValue, [call])

/** The function in a variable. */
export function functionIn(scope: Scope, name: string): TemplateFunction {
  const { value } = scope.lookupVariable(name)
  if (typeof value !== 'function') throw new TypeError(`${name} is not a function`)
  return (args, caller) => value(args, caller)
}
