import { isDeepStrictEqual } from 'node:util'
import { box, type Value } from './jinja.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'

/** A relation in a template: prints as SQL and has the attributes `schema`, `identifier` and `name`. */
export function boxRelation(relation: RelationName): Value {
  const value = box({ schema: relation.schema, identifier: relation.name, name: relation.name })
  return Object.assign(value, { toString: () => relationSql(relation) })
}

/** The JavaScript value of a boxed one. Throws for a function. */
function unbox(value: Value): unknown {
  if (isList(value)) return value.value.map(unbox)
  if (isDictionary(value)) return unboxDictionary(value)
  if (value.type === 'FunctionValue') throw new Error('a function is used as a value; call it with ()')
  return value.value
}

/** The arguments of a call, unboxed: those by position and those by keyword. */
export function unboxArguments(args: Value[]): { positional: unknown[]; named: Record<string, unknown> } {
  const last = args.at(-1)
  if (last?.type !== 'KeywordArgumentsValue' || !isDictionary(last)) return { positional: args.map(unbox), named: {} }
  return { positional: args.slice(0, -1).map(unbox), named: unboxDictionary(last) }
}

/** The text that Jinja prints for a value. Throws for what has no sensible text in SQL, where it would print Python. */
export function printed(value: Value): string {
  if (Object.hasOwn(value, 'toString')) return value.toString()
  switch (value.type) {
    case 'StringValue':
    case 'FloatValue':
      return value.toString()
    case 'IntegerValue':
      if (Number.isSafeInteger(value.value)) return value.toString()
      throw new Error('the number has more than 15 digits; write it as a string')
    case 'BooleanValue':
      return value.value === true ? 'True' : 'False'
    case 'NullValue':
      return 'None'
    case 'UndefinedValue':
      return ''
    case 'FunctionValue':
      throw new Error('a function is printed; call it with ()')
    default:
      throw new Error(`a ${isList(value) ? 'list' : 'dictionary'} is printed; join its items: {{ items | join(', ') }}`)
  }
}

/** A list whose items are texts as Jinja prints them, for the filter `join`. */
export function printedItems(value: Value): Value {
  return isList(value) ? box(value.value.map(printed)) : value
}

/** A float without its fraction, for the filter `int`. */
export function truncated(value: Value): Value {
  return value.type === 'FloatValue' ? box(Math.trunc(Number(value.value))) : value
}

/** The operators in which the library differs from Python, by Python's rules. */
export function operate(operator: string, left: Value, right: Value): Value {
  if (operator === '~') return box(printed(left) + printed(right))
  if (operator === '==' || operator === '!=') return box(isEqual(left, right) === (operator === '=='))
  if (operator === '+' && isList(left) && isList(right)) {
    return Object.assign(box([]), { value: [...left.value, ...right.value] })
  }
  if (operator === '+' && left.type === 'StringValue' && right.type === 'StringValue') {
    return box(`${String(left.value)}${String(right.value)}`)
  }
  if (!isNumber(left) || !isNumber(right)) {
    throw new Error(`${operator} cannot take ${nameOf(left)} and ${nameOf(right)}; to join texts use ~`)
  }
  const [a, b] = [Number(left.value), Number(right.value)]
  const result = operator === '+' ? a + b : ((a % b) + b) % b
  const isFloat = left.type === 'FloatValue' || right.type === 'FloatValue'
  return isFloat ? Object.assign(box(0.5), { value: result }) : box(result)
}

function isEqual(left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return Number(left.value) === Number(right.value)
  return isDeepStrictEqual(unbox(left), unbox(right))
}

function isList(value: Value): value is Value & { value: Value[] } {
  return Array.isArray(value.value)
}

function isDictionary(value: Value): value is Value & { value: Map<string, Value> } {
  return value.value instanceof Map
}

function unboxDictionary(value: { value: Map<string, Value> }): Record<string, unknown> {
  return Object.fromEntries([...value.value].map(([key, item]) => [key, unbox(item)]))
}

const isNumber = (value: Value) => value.type === 'IntegerValue' || value.type === 'FloatValue'
const isNumeric = (value: Value) => isNumber(value) || value.type === 'BooleanValue'
const nameOf = (value: Value) => value.type.replace('Value', '').toLowerCase()
