import { relationSql, type RenderedRelation } from '../graph/relation.ts'
import { dictionary, integer, list, text, UNDEFINED, type Dictionary, type List, type Value } from './jinja.ts'

/** A relation in a template: prints as SQL and has the attributes `database`, `schema`, `identifier` and `name`. */
export function boxRelation(relation: RenderedRelation, database: string | undefined): Value {
  const { schema, name } = relation
  const attributes = { database: relation.database ?? database ?? '', schema, identifier: name, table: name, name }
  const value = dictionary(new Map(Object.entries(attributes).map(([key, item]) => [key, text(item)])))
  const toString = () => relation.text ?? relationSql(relation)
  return Object.assign(value, { kind: 'relation' as const, toString })
}

export function isList(value: Value): value is List {
  return Array.isArray(value.value)
}

export function isDictionary(value: Value): value is Dictionary {
  return value.value instanceof Map && value.kind !== 'relation'
}

export const isText = (value: Value): value is Value & { value: string } => value.type === 'StringValue'
export const isUndefined = (value: Value) => value.type === 'UndefinedValue'
export const isNumeric = (value: Value) => /^(Integer|Float|Boolean)Value$/.test(value.type)
const isPlainList = (value: Value): value is List => isList(value) && (value.kind ?? 'tuple') === 'tuple'

export function isTrue(value: Value | undefined): boolean {
  if (value === undefined || value.kind === 'generator' || value.kind === 'relation') return value !== undefined
  if (isList(value)) return value.value.length > 0
  return value.value instanceof Map ? value.value.size > 0 : Boolean(value.value)
}

/** What kind of value it is, for messages. */
export function nameOf(value: Value): string {
  const names: Record<string, string> = { ObjectValue: 'dictionary', ArrayValue: 'list', NullValue: 'none' }
  return value.kind ?? names[value.type] ?? value.type.replace('Value', '').toLowerCase()
}

/** The JavaScript value of a boxed one. Throws for a function. */
export function unbox(value: Value): unknown {
  if (value.kind === 'relation') return value.toString()
  if (value.type === 'NullValue') return null
  if (isList(value)) return value.value.map(unbox)
  if (isDictionary(value)) return unboxDictionary(value)
  if (value.type === 'FunctionValue') throw new Error('a function is used as a value; call it with ()')
  return value.value
}

function unboxDictionary({ value }: Dictionary): Record<string, unknown> {
  return Object.fromEntries([...value].map(([key, item]) => [key, unbox(item)]))
}

/** The arguments of a call: those by position and those by keyword. */
export function splitArguments(args: Value[]): { positional: Value[]; named: Map<string, Value> } {
  const last = args.at(-1)
  if (last?.type !== 'KeywordArgumentsValue' || !isDictionary(last)) return { positional: args, named: new Map() }
  return { positional: args.slice(0, -1), named: last.value }
}

/** The arguments of a call in the order of the parameters. Throws for one too many. */
export function bindArguments(name: string, parameters: string[], args: Value[]): (Value | undefined)[] {
  const { positional, named } = splitArguments(args)
  const wrong = [...named.keys()].find((key) => parameters.indexOf(key) < positional.length)
  if (wrong !== undefined) throw new Error(`${name} takes no argument ${wrong} here`)
  if (positional.length > parameters.length) throw new Error(`${name} takes at most ${parameters.length} arguments`)
  return parameters.map((parameter, index) => positional[index] ?? named.get(parameter))
}

/** The text that Jinja prints for a value. Throws for what has no sensible text in SQL, where it would print Python. */
export function printed(value: Value): string {
  const isSql = value.kind === 'tuple' || value.kind === 'relation'
  if (isSql || !(isList(value) || value.value instanceof Map)) return pythonText(value)
  throw new Error(`a ${nameOf(value)} is printed; join its items: {{ items | join(', ') }}`)
}

/** The text of a value as Python's `str` gives it. */
export function pythonText(value: Value): string {
  if (value.kind === 'relation') return value.toString()
  if (isText(value)) return value.value
  switch (value.type) {
    case 'UndefinedValue':
      return ''
    case 'IntegerValue':
      return String(integer(Number(value.value)).value)
    case 'FloatValue':
      return floatText(Number(value.value))
    case 'BooleanValue':
      return value.value === true ? 'True' : 'False'
    case 'NullValue':
      return 'None'
  }
  if (isDictionary(value) && value.type !== 'NamespaceValue') {
    return `{${[...value.value].map(([key, item]) => `${quoted(key)}: ${represented(item)}`).join(', ')}}`
  }
  if (!isPlainList(value)) throw new Error(`a ${nameOf(value)} is used as a text`)
  const items = value.value.map(represented).join(', ')
  if (value.kind === undefined) return `[${items}]`
  return value.value.length === 1 ? `(${items},)` : `(${items})`
}

function represented(value: Value): string {
  if (value.kind === 'relation') throw new Error('a relation in a list is used as a text')
  if (isText(value)) return quoted(value.value)
  return isUndefined(value) ? 'Undefined' : pythonText(value)
}

function quoted(content: string): string {
  // Most texts have nothing to escape, and the classes of Unicode take long.
  if (/^[ !#-&(-[\]-~]*$/.test(content)) return `'${content}'`
  const quote = content.includes("'") && !content.includes('"') ? '"' : "'"
  const escaped = content.replaceAll(/[\\\n\r\t'"]|(?! )[\p{C}\p{Z}]/gu, (character) => {
    const letter = { '\n': 'n', '\r': 'r', '\t': 't', '\\': '\\' }[character]
    if (letter !== undefined) return `\\${letter}`
    if (character === "'" || character === '"') return character === quote ? `\\${character}` : character
    const code = (character.codePointAt(0) ?? 0).toString(16)
    if (code.length <= 2) return `\\x${code.padStart(2, '0')}`
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`
  })
  return quote + escaped + quote
}

function floatText(value: number): string {
  if (!Number.isFinite(value)) throw new Error('the number is too large')
  if (Object.is(value, -0)) return '-0.0'
  const size = Math.abs(value)
  if (size >= 1e16 || (size < 1e-4 && size > 0)) return value.toExponential().replace(/([+-])(\d)$/, '$10$2')
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}

/** The items that a loop over a value takes. A generator gives them once. */
export function itemsOf(value: Value): Value[] {
  if (isList(value)) return value.kind === 'generator' ? value.value.splice(0) : value.value
  if (isText(value)) return Array.from(value.value, text)
  if (isDictionary(value) && value.type !== 'NamespaceValue') return [...value.value.keys()].map(text)
  if (isUndefined(value)) return []
  throw new Error(`a ${nameOf(value)} has no items`)
}

export function lengthOf(value: Value): number {
  if (value.kind === 'generator') throw new Error('a generator has no length; make a list of it: | list')
  return itemsOf(value).length
}

/** The attribute or item of a value, or the undefined value. `methods` are the names that must be called. */
export function memberOf(value: Value, key: Value, methods: Set<string>): Value {
  if (isUndefined(value)) throw new Error(`there is no value to take ${pythonText(key)} of`)
  if (isText(key) && methods.has(key.value) && (isList(value) || isText(value) || isDictionary(value))) {
    if (value.type !== 'NamespaceValue')
      throw new Error(`.${key.value} is a method: call it with (), or use get('${key.value}')`)
  }
  if (value.value instanceof Map)
    return isText(key) ? ((value.value.get(key.value) as Value | undefined) ?? UNDEFINED) : UNDEFINED
  if (!isInteger(key) || !(isList(value) || isText(value))) return UNDEFINED
  if (value.kind === 'generator' || value.kind === 'view')
    throw new Error(`a ${value.kind} has no order; make a list of it: | list`)
  return itemsOf(value).at(Number(key.value)) ?? UNDEFINED
}

/** The part of a list or text that `[start:stop:step]` takes. */
export function sliceOf(value: Value, bounds: Value[]): Value {
  if (!(isPlainList(value) || isText(value) || value.kind === 'range'))
    throw new Error(`a ${nameOf(value)} cannot be cut`)
  const wrong = bounds.find((bound) => !isInteger(bound) && bound.type !== 'NullValue')
  if (wrong !== undefined) throw new Error(`a ${nameOf(wrong)} is no place to cut at`)
  const [start, stop, step = 1] = bounds.map((bound) => (isInteger(bound) ? Number(bound.value) : undefined))
  if (step === 0) throw new Error('the step of a slice is zero')
  const items = itemsOf(value)
  const [least, most] = step > 0 ? [0, items.length] : [-1, items.length - 1]
  const clamp = (bound: number) => Math.min(most, Math.max(least, bound < 0 ? bound + items.length : bound))
  const first = start === undefined ? (step > 0 ? least : most) : clamp(start)
  const end = stop === undefined ? (step > 0 ? most : least) : clamp(stop)
  const kept: Value[] = []
  for (let at = first; step > 0 ? at < end : at > end; at += step) kept.push(...items.slice(at, at + 1))
  return isText(value) ? text(kept.map(pythonText).join('')) : list(kept, value.kind)
}

export const isInteger = (value: Value) => value.type === 'IntegerValue' || value.type === 'BooleanValue'

export function isEqual(left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return Number(left.value) === Number(right.value)
  if (isPlainList(left) && isPlainList(right)) {
    return (
      left.kind === right.kind && left.value.length === right.value.length && left.value.every(isEqualTo(right.value))
    )
  }
  if (isDictionary(left) && isDictionary(right)) {
    const other = right.value
    return (
      left.value.size === other.size &&
      [...left.value].every(([key, item]) => isEqual(item, other.get(key) ?? UNDEFINED))
    )
  }
  if (left.kind === 'range' && right.kind === 'range') return isEqual(list(itemsOf(left)), list(itemsOf(right)))
  if (left.kind === 'relation' && right.kind === 'relation') return left.toString() === right.toString()
  return left.type === right.type && left.value === right.value
}

const isEqualTo = (others: Value[]) => (item: Value, index: number) => isEqual(item, others[index] ?? UNDEFINED)

/** Less than zero where `left` is the lesser. Throws for values that Python does not compare. */
export function compare(left: Value, right: Value): number {
  if (isNumeric(left) && isNumeric(right)) return Number(left.value) - Number(right.value)
  if (isText(left) && isText(right)) return left.value < right.value ? -1 : left.value > right.value ? 1 : 0
  if (!isPlainList(left) || !isPlainList(right) || left.kind !== right.kind) {
    throw new Error(`${nameOf(left)} and ${nameOf(right)} cannot be compared`)
  }
  const others = right.value
  const place = left.value.findIndex((item, index) => !isEqual(item, others[index] ?? UNDEFINED))
  const [item, other] = place < 0 ? [] : [left.value[place], others[place]]
  return item === undefined || other === undefined ? left.value.length - others.length : compare(item, other)
}
