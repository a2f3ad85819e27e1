import { integer, UNDEFINED, type Value } from './jinja.ts'
import { isIn, operate } from './operators.ts'
import { compare, isDictionary, isEqual, isList, isNumeric, isText, isUndefined, pythonText } from './template-value.ts'

type Argument = Value | undefined

// The tests, with the argument that only `select` and its kin can give.
const TESTS: Record<string, (value: Value, other: Argument) => boolean> = {
  boolean: (value) => value.type === 'BooleanValue',
  callable: (value) => value.type === 'FunctionValue' || isUndefined(value),
  defined: (value) => !isUndefined(value),
  divisibleby: (value, other) => rest(value, other) === 0,
  even: (value) => rest(value, integer(2)) === 0,
  false: (value) => value.value === false,
  float: (value) => value.type === 'FloatValue',
  integer: (value) => value.type === 'IntegerValue',
  iterable: (value) => isList(value) || isText(value) || isUndefined(value) || isMapping(value),
  lower: (value) => isCased(value, (content) => content.toLowerCase()),
  mapping: isMapping,
  none: (value) => value.type === 'NullValue',
  number: isNumeric,
  odd: (value) => rest(value, integer(2)) === 1,
  sequence: (value) =>
    isMapping(value) ||
    isText(value) ||
    isUndefined(value) ||
    (isList(value) && !/generator|view/.test(value.kind ?? '')),
  string: isText,
  true: (value) => value.value === true,
  undefined: isUndefined,
  upper: (value) => isCased(value, (content) => content.toUpperCase()),
}
const COMPARISONS: Record<string, (value: Value, other: Value) => boolean> = {
  equalto: isEqual,
  eq: isEqual,
  '==': isEqual,
  ne: (value, other) => !isEqual(value, other),
  '!=': (value, other) => !isEqual(value, other),
  gt: (value, other) => compare(value, other) > 0,
  '>': (value, other) => compare(value, other) > 0,
  ge: (value, other) => compare(value, other) >= 0,
  '>=': (value, other) => compare(value, other) >= 0,
  lt: (value, other) => compare(value, other) < 0,
  '<': (value, other) => compare(value, other) < 0,
  le: (value, other) => compare(value, other) <= 0,
  '<=': (value, other) => compare(value, other) <= 0,
  in: isIn,
}

export const TEST_NAMES = new Set(Object.keys(TESTS))
export const COMPARISON_NAMES = new Set(Object.keys(COMPARISONS))

export function applyTest(name: string, value: Value, other?: Value): boolean {
  if (other !== undefined && Object.hasOwn(COMPARISONS, name)) return COMPARISONS[name]?.(value, other) === true
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined
  if (test === undefined || (other !== undefined) !== (name === 'divisibleby')) {
    throw new Error(`the test "is ${name}" is not supported with these arguments`)
  }
  return test(value, other)
}

function isMapping(value: Value): boolean {
  return isDictionary(value) && value.type !== 'NamespaceValue'
}

function rest(value: Value, divisor: Argument): number {
  return Number(operate('%', value, divisor ?? UNDEFINED).value)
}

function isCased(value: Value, change: (content: string) => string): boolean {
  const content = pythonText(value)
  return content === change(content) && content.toLowerCase() !== content.toUpperCase()
}
