import { boolean, float, integer, list, NONE, text, UNDEFINED, type Value } from './jinja.ts'
import { capitalized, replaced, trimmed } from './methods.ts'
import { operate, refuseMarkup } from './operators.ts'
import { applyTest } from './value-test.ts'
import {
  bindArguments,
  compare,
  isDictionary,
  isEqual,
  isInteger,
  isList,
  isNumeric,
  isText,
  isTrue,
  isUndefined,
  itemsOf,
  lengthOf,
  memberOf,
  nameOf,
  pythonText,
  splitArguments,
} from './template-value.ts'

type Argument = Value | undefined

// The parameters and the work of each filter, as Jinja2 3.1 has it.
const FILTERS: Record<string, [parameters: string, run: (value: Value, ...args: Argument[]) => Value]> = {
  abs: ['', (value) => (isInteger(value) ? integer : float)(Math.abs(numberOf('abs', value)))],
  as_bool: ['', (value) => value],
  as_native: ['', (value) => value],
  as_number: ['', (value) => value],
  as_text: ['', (value) => value],
  batch: ['linecount fill_with', batch],
  capitalize: ['', (value) => text(capitalized(pythonText(value)))],
  default: ['default_value boolean', withDefault],
  dictsort: ['case_sensitive by reverse', dictsort],
  first: ['', (value) => itemsOf(value)[0] ?? UNDEFINED],
  float: ['default', (value, fallback = float(0)) => toFloat(value) ?? fallback],
  indent: ['width first blank', indent],
  int: ['default', (value, fallback = integer(0)) => toInteger(value) ?? fallback],
  items: ['', (value) => list(isUndefined(value) ? [] : pairs(value).map(tuple), 'generator')],
  join: ['d attribute', join],
  last: ['', (value) => itemsOf(ordered('last', value)).at(-1) ?? UNDEFINED],
  length: ['', (value) => integer(lengthOf(value))],
  list: ['', (value) => list([...itemsOf(value)])],
  lower: ['', (value) => text(pythonText(value).toLowerCase())],
  replace: ['old new count', replace],
  reverse: ['', (value) => reversed(value)],
  round: ['precision method', round],
  sort: ['reverse case_sensitive attribute', sort],
  string: ['', (value) => (isText(value) ? value : text(pythonText(value)))],
  sum: ['attribute start', sum],
  title: ['', (value) => text(titled(pythonText(value)))],
  tojson: ['indent', (value, width) => tojson(value, width)],
  trim: ['chars', (value, chars) => text(trimmed(pythonText(value), chars))],
  unique: ['case_sensitive attribute', unique],
  upper: ['', (value) => text(pythonText(value).toUpperCase())],
}

/** The filters whose arguments name another filter or a test. */
const SELECTORS: Record<string, (value: Value, args: Value[]) => Value> = {
  map,
  select: (value, args) => select(value, null, args, true),
  reject: (value, args) => select(value, null, args, false),
  selectattr: (value, [attribute = NONE, ...args]) => select(value, attribute, args, true),
  rejectattr: (value, [attribute = NONE, ...args]) => select(value, attribute, args, false),
}

export const FILTER_NAMES = new Set([...Object.keys(FILTERS), ...Object.keys(SELECTORS)])

export function applyFilter(name: string, value: Value, args: Value[]): Value {
  if (name !== 'string') refuseMarkup(value, ...args)
  if (Object.hasOwn(SELECTORS, name)) return SELECTORS[name]?.(value, args) ?? UNDEFINED
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
  if (filter === undefined) throw new Error(`the filter ${name} is not supported`)
  const [parameters, run] = filter
  return run(value, ...bindArguments(`the filter ${name}`, parameters.split(' ').filter(Boolean), args))
}

function numberOf(name: string, value: Value): number {
  if (isNumeric(value)) return Number(value.value)
  throw new Error(`${name} takes a number, not a ${nameOf(value)}`)
}

function batch(value: Value, size: Argument, filler: Argument): Value {
  const length = numberOf('batch', size ?? UNDEFINED)
  const items = [...itemsOf(value)]
  const batches: Value[] = []
  for (let start = 0; start < items.length; start += Math.max(1, length)) {
    const part = items.slice(start, start + Math.max(1, length))
    const missing = filler === undefined || filler === NONE ? 0 : Math.max(0, length - part.length)
    part.push(...Array.from({ length: missing }, () => filler ?? NONE))
    batches.push(list(part))
  }
  return list(batches, 'generator')
}

function withDefault(value: Value, fallback: Argument, ifFalse: Argument): Value {
  return isUndefined(value) || (isTrue(ifFalse) && !isTrue(value)) ? (fallback ?? text('')) : value
}

function pairs(value: Value): [Value, Value][] {
  if (!isDictionary(value)) throw new Error(`a ${nameOf(value)} has no items by key`)
  return [...value.value].map(([key, item]) => [text(key), item])
}

const tuple = (items: Value[]) => list(items, 'tuple')

function dictsort(value: Value, isCaseSensitive: Argument, by: Argument, isReversed: Argument): Value {
  const part = by === undefined || by.value === 'key' ? 0 : 1
  if (part === 1 && by?.value !== 'value') throw new Error("dictsort sorts by 'key' or by 'value'")
  const keyed = pairs(value).map((pair) => ({ item: tuple(pair), key: folded(pair[part], isCaseSensitive) }))
  return list(sorted(keyed, isReversed))
}

/** A text without its case, unless that matters. */
const folded = (value: Value, isCaseSensitive: Argument) =>
  isText(value) && !isTrue(isCaseSensitive) ? text(value.value.toLowerCase()) : value

function sorted(keyed: { item: Value; key: Value }[], isReversed: Argument): Value[] {
  const sign = isTrue(isReversed) ? -1 : 1
  return keyed.sort((a, b) => sign * compare(a.key, b.key)).map(({ item }) => item)
}

function sort(value: Value, isReversed: Argument, isCaseSensitive: Argument, attribute: Argument): Value {
  const keyed = itemsOf(value).map((item) => {
    // Jinja compares lists of the attributes, of which those that are undefined are equal.
    return { item, key: list([folded(attributeOf(item, attribute), isCaseSensitive)]) }
  })
  return list(sorted(keyed, isReversed))
}

function unique(value: Value, isCaseSensitive: Argument, attribute: Argument): Value {
  const seen: Value[] = []
  const kept = itemsOf(value).filter((item) => {
    const key = folded(attributeOf(item, attribute), isCaseSensitive)
    if (key.kind === undefined && (isList(key) || isDictionary(key)))
      throw new Error(`unique cannot take a ${nameOf(key)}`)
    return !seen.some((other) => isEqual(key, other)) && seen.push(key) > 0
  })
  return list(kept, 'generator')
}

const NO_METHODS = new Set<string>()

/** The value at a path such as `customer.name` or `0` in an item. */
function attributeOf(item: Value, attribute: Argument): Value {
  if (attribute === undefined || attribute === NONE) return item
  if (isInteger(attribute)) return memberOf(item, attribute, NO_METHODS)
  if (!isText(attribute) || attribute.value.includes(',')) throw new Error('an attribute is one name')
  const parts = attribute.value.split('.').map((part) => (/^\d+$/.test(part) ? integer(Number(part)) : text(part)))
  return parts.reduce((value, part) => memberOf(value, part, NO_METHODS), item)
}

function map(value: Value, args: Value[]): Value {
  const { positional, named } = splitArguments(args)
  const [filter, ...rest] = positional
  const items = isTrue(value) ? [...itemsOf(value)] : []
  if (filter !== undefined) {
    const given = args.slice(1)
    return list(
      items.map((item) => applyFilter(pythonText(filter), item, rest.length + named.size > 0 ? given : [])),
      'generator',
    )
  }
  const attribute = named.get('attribute')
  const wrong = [...named.keys()].find((key) => key !== 'attribute' && key !== 'default')
  if (attribute === undefined || wrong !== undefined)
    throw new Error("map takes the name of a filter, or attribute='name'")
  const fallback = named.get('default')
  const found = items.map((item) => attributeOf(item, attribute))
  return list(
    found.map((item) => (isUndefined(item) ? (fallback ?? item) : item)),
    'generator',
  )
}

function select(value: Value, attribute: Value | null, args: Value[], keeps: boolean): Value {
  if (attribute === NONE || args.length > 2 || splitArguments(args).named.size > 0) {
    throw new Error('select takes the name of a test and its argument')
  }
  const [test, other] = args
  const items = isTrue(value) ? itemsOf(value) : []
  const kept = items.filter((item) => {
    const tested = attributeOf(item, attribute ?? NONE)
    return (test === undefined ? isTrue(tested) : applyTest(pythonText(test), tested, other)) === keeps
  })
  return list(kept, 'generator')
}

function ordered(name: string, value: Value): Value {
  if (value.kind !== 'generator' && !(value.kind === 'view' && name === 'reverse')) return value
  throw new Error(`${name} cannot take a ${nameOf(value)}; make a list of it: | list`)
}

function reversed(value: Value): Value {
  const items = [...itemsOf(ordered('reverse', value))].reverse()
  return isText(value) ? text(items.map(pythonText).join('')) : list(items, 'generator')
}

function join(value: Value, separator: Argument, attribute: Argument): Value {
  const items = itemsOf(value).map((item) => attributeOf(item, attribute))
  refuseMarkup(...items)
  return text(items.map(pythonText).join(pythonText(separator ?? text(''))))
}

function indent(value: Value, width: Argument, first: Argument, blank: Argument): Value {
  if (!isText(value)) throw new Error(`indent takes a text, not a ${nameOf(value)}`)
  const space = width !== undefined && isText(width) ? width.value : ' '.repeat(numberOf('indent', width ?? integer(4)))
  const lines = value.value.split(/\r\n|[\n\r\v\f\u{85}\u{2028}\u{2029}]/u)
  const [head = '', ...more] = lines
  const moved = more.map((line) => (line === '' && !isTrue(blank) ? line : space + line))
  return text([isTrue(first) ? space + head : head, ...moved].join('\n'))
}

function replace(value: Value, old: Argument, fresh: Argument, count: Argument): Value {
  const [from, to] = [old, fresh].map((part) => (part === undefined ? undefined : pythonText(part)))
  if (from === undefined || to === undefined) throw new Error('replace takes the old and the new text')
  return text(replaced(pythonText(value), from, to, count))
}

const FLOAT = /^\s*[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+)?\s*$/i

function toFloat(value: Value): Value | undefined {
  if (isNumeric(value)) return float(Number(value.value))
  if (isUndefined(value)) throw new Error('a value that is not defined is no number')
  return isText(value) && FLOAT.test(value.value) ? float(Number(value.value.replaceAll('_', ''))) : undefined
}

function toInteger(value: Value): Value | undefined {
  const number = toFloat(value)
  return number === undefined ? undefined : integer(Math.trunc(Number(number.value)))
}

function round(value: Value, precision: Argument, method: Argument): Value {
  const number = numberOf('round', value)
  const digits = numberOf('round', precision ?? integer(0))
  const way = method === undefined ? 'common' : pythonText(method)
  if (digits < 0) throw new Error('round takes no negative precision')
  if (way === 'common') return isInteger(value) ? integer(number) : float(nearest(number, digits))
  const cut = { ceil: Math.ceil, floor: Math.floor }[way]
  if (cut === undefined) throw new Error("round takes 'common', 'ceil' or 'floor'")
  return float(cut(number * 10 ** digits) / 10 ** digits)
}

// No number that lies between two others of fewer digits has more than these.
const MOST_DIGITS = 100

/** The nearest number of so many digits; of two that are as near, the even one. */
function nearest(number: number, digits: number): number {
  if (Math.abs(number) >= 1e21) return number
  const [up, exact] = [number.toFixed(digits), number.toFixed(MOST_DIGITS)]
  const isTie = /^50*$/.test(exact.slice(exact.indexOf('.') + 1 + digits))
  if (!isTie || /[02468]$/.test(up)) return Number(up)
  const below = exact.slice(0, exact.indexOf('.') + 1 + digits)
  return Number(below)
}

function sum(value: Value, attribute: Argument, start: Argument): Value {
  return itemsOf(value).reduce((total, item) => operate('+', total, attributeOf(item, attribute)), start ?? integer(0))
}

function titled(content: string): string {
  return content.replaceAll(/[^-\s({[<]+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
}

function tojson(value: Value, width: Argument): Value {
  const json = jsonOf(value, width === undefined || width === NONE ? null : ' '.repeat(numberOf('tojson', width)), '\n')
  const escaped = json.replaceAll(
    /[<>&'\u007F-\uFFFF]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return Object.assign(text(escaped), { kind: 'markup' as const })
}

/** A value as Python's `json.dumps` gives it with sorted keys. */
function jsonOf(value: Value, indentation: string | null, line: string): string {
  if (value.kind === 'relation' || value.kind === 'generator' || value.kind === 'view' || value.kind === 'range') {
    throw new Error(`tojson cannot take a ${nameOf(value)}`)
  }
  const inner = line + (indentation ?? '')
  const enclose = ([open, close]: string[], parts: string[]) => {
    if (parts.length === 0 || indentation === null) return `${open}${parts.join(', ')}${close}`
    return `${open}${inner}${parts.join(`,${inner}`)}${line}${close}`
  }
  if (isList(value))
    return enclose(
      ['[', ']'],
      value.value.map((item) => jsonOf(item, indentation, inner)),
    )
  if (isDictionary(value) && value.type !== 'NamespaceValue') {
    const entries = [...value.value].sort(([a], [b]) => (a < b ? -1 : 1))
    return enclose(
      ['{', '}'],
      entries.map(([key, item]) => `${JSON.stringify(key)}: ${jsonOf(item, indentation, inner)}`),
    )
  }
  if (isText(value)) return JSON.stringify(value.value)
  if (value.type === 'NullValue') return 'null'
  if (!isNumeric(value)) throw new Error(`tojson cannot take a ${nameOf(value)}`)
  return value.type === 'BooleanValue' ? String(boolean(value.value === true).value) : pythonText(value)
}
