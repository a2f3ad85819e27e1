import {
  box,
  boolean,
  list,
  NONE,
  text,
  UNDEFINED,
  type Dictionary,
  type List,
  type Scope,
  type Value,
} from './jinja.ts'
import {
  bindArguments,
  isDictionary,
  isInteger,
  isList,
  isText,
  isUndefined,
  itemsOf,
  nameOf,
  pythonText,
  splitArguments,
} from './template-value.ts'

type Argument = Value | undefined
type Methods<T> = Record<string, [parameters: string, run: (self: T, ...args: Argument[]) => Value]>

const TEXT_METHODS: Methods<string> = {
  capitalize: ['', (self) => text(capitalized(self))],
  endswith: ['suffix', (self, suffix) => boolean(texts(suffix).some((end) => self.endsWith(end)))],
  join: ['iterable', (self, items = UNDEFINED) => text(itemsOf(items).map(needText).join(self))],
  lower: ['', (self) => text(self.toLowerCase())],
  lstrip: ['chars', (self, chars) => text(trimmed(self, chars, 'start'))],
  replace: ['old new count', (self, old, fresh, count) => text(replaced(self, needText(old), needText(fresh), count))],
  rstrip: ['chars', (self, chars) => text(trimmed(self, chars, 'end'))],
  split: ['sep maxsplit', split],
  startswith: ['prefix', (self, prefix) => boolean(texts(prefix).some((start) => self.startsWith(start)))],
  strip: ['chars', (self, chars) => text(trimmed(self, chars))],
  title: ['', (self) => text(self.replaceAll(/\p{L}+/gu, capitalized))],
  upper: ['', (self) => text(self.toUpperCase())],
}

const LIST_METHODS: Methods<Value[]> = {
  append: ['item', (self, item) => push(self, [needed(item)])],
  extend: ['items', (self, items) => push(self, itemsOf(needed(items)))],
}

const DICTIONARY_METHODS: Methods<Map<string, Value>> = {
  get: ['key default', (self, key, fallback = NONE) => self.get(needText(key)) ?? fallback],
  items: [
    '',
    (self) =>
      list(
        [...self].map(([key, item]) => list([text(key), item], 'tuple')),
        'view',
      ),
  ],
  keys: ['', (self) => list([...self.keys()].map(text), 'view')],
  values: ['', (self) => list([...self.values()], 'view')],
}

export const METHOD_NAMES = new Set([
  ...[TEXT_METHODS, LIST_METHODS, DICTIONARY_METHODS].flatMap((methods) => Object.keys(methods)),
  'format',
  'update',
])

/** Calls a method of a text, list or dictionary, or a function that a dictionary holds. */
export function callMethod(name: string, self: Value, args: Value[], scope: Scope): Value {
  if (isUndefined(self)) throw new Error(`there is no value to call .${name}() of`)
  if (isText(self))
    return name === 'format' ? format(self.value, args) : call(TEXT_METHODS, name, self, self.value, args)
  if (isPlainList(self)) return call(LIST_METHODS, name, self, self.value, args)
  if (isDictionary(self)) {
    const held = self.value.get(name)
    if (typeof held?.value === 'function') return held.value(args, scope)
    return name === 'update' ? update(self, args) : call(DICTIONARY_METHODS, name, self, self.value, args)
  }
  throw unknownMethod(name, self)
}

const isPlainList = (value: Value): value is List => isList(value) && value.kind === undefined

function call<T>(methods: Methods<T>, name: string, boxed: Value, self: T, args: Value[]): Value {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method === undefined) throw unknownMethod(name, boxed)
  return method[1](self, ...bindArguments(`.${name}()`, method[0].split(' ').filter(Boolean), args))
}

const unknownMethod = (name: string, self: Value) => new Error(`a ${nameOf(self)} has no method .${name}() here`)

function push(self: Value[], items: Value[]): Value {
  self.push(...items)
  return NONE
}

function needed(value: Argument): Value {
  if (value === undefined) throw new Error('the method takes an argument')
  return value
}

function needText(value: Argument): string {
  if (value !== undefined && isText(value)) return value.value
  throw new Error(`the method takes a text${value === undefined ? '' : `, not a ${nameOf(value)}`}`)
}

const texts = (value: Argument) => (value?.kind === 'tuple' ? itemsOf(value).map(needText) : [needText(value)])

function update(self: Dictionary, args: Value[]): Value {
  const { positional, named } = splitArguments(args)
  const [other] = positional
  if (positional.length > 1 || (other !== undefined && !isDictionary(other)))
    throw new Error('.update() takes a dictionary')
  for (const [key, item] of [...(other?.value ?? []), ...named]) self.value.set(key, item)
  return NONE
}

export function capitalized(content: string): string {
  const [first = '', ...others] = content
  return first.toUpperCase() + others.join('').toLowerCase()
}

/** The text with the first `count` occurrences replaced, all if it is not given. */
export function replaced(content: string, from: string, to: string, count: Argument): string {
  let left = count === undefined || count === NONE ? -1 : Number(count.value)
  if (count !== undefined && count !== NONE && !isInteger(count))
    throw new Error('the count of replacements is a whole number')
  if (left < 0) return content.replaceAll(from, () => to)
  return content.replaceAll(from, (found) => ((left -= 1) >= 0 ? to : found))
}

/** The text without white space, or without the given characters, at its ends. */
export function trimmed(content: string, chars: Argument, side?: 'start' | 'end'): string {
  const set = chars === undefined || chars === NONE ? '\\s' : `[${needText(chars).replaceAll(/[\^\]\\-]/g, '\\$&')}]`
  if (set === '[]') return content
  const start = side === 'end' ? content : content.replace(new RegExp(`^${set}+`, 'u'), '')
  return side === 'start'
    ? start
    : start.slice(0, start.length - (new RegExp(`${set}*$`, 'u').exec(start)?.[0].length ?? 0))
}

function split(self: string, separator: Argument, most: Argument): Value {
  if (most !== undefined && !isInteger(most)) throw new Error('.split() takes a whole number of splits')
  const limit = most === undefined || Number(most.value) < 0 ? Number.POSITIVE_INFINITY : Number(most.value)
  const parts: string[] = []
  let left = separator === undefined || separator === NONE ? self.trimStart() : self
  const mark = separator === undefined || separator === NONE ? /\s+/ : needText(separator)
  if (mark === '') throw new Error('.split() takes no empty separator')
  while (parts.length < limit) {
    const found = typeof mark === 'string' ? mark : (mark.exec(left)?.[0] ?? mark.source)
    const at = left.indexOf(found)
    if (at < 0) break
    parts.push(left.slice(0, at))
    left = left.slice(at + found.length)
  }
  return box(typeof mark !== 'string' && left === '' ? parts : [...parts, left])
}

/** `str.format` with fields that are empty, numbers or names. */
function format(self: string, args: Value[]): Value {
  const { positional, named } = splitArguments(args)
  let next = 0
  const filled = self.replaceAll(/\{\{|\}\}|\{(\w*)\}|[{}]/g, (field, key: string | undefined) => {
    if (key === undefined && field.length === 2) return field.charAt(0)
    if (key === undefined) throw new Error('.format() takes only fields such as {}, {0} and {name}')
    if (key === '' ? next < 0 : /^\d/.test(key) && next > 0) throw new Error('.format() mixes {} and {0}')
    if (/^\d/.test(key)) next = -1
    const value = key === '' ? positional[next++] : (positional[/^\d+$/.test(key) ? Number(key) : -1] ?? named.get(key))
    if (value === undefined) throw new Error(`.format() has no value for ${field}`)
    return pythonText(value)
  })
  return text(filled)
}
