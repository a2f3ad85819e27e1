import { boolean, float, integer, list, text, type Value } from './jinja.ts'
import {
  compare,
  isDictionary,
  isEqual,
  isInteger,
  isList,
  isNumeric,
  isText,
  isUndefined,
  itemsOf,
  nameOf,
  pythonText,
} from './template-value.ts'

/** The value of `left operator right`, by Python's rules. */
export function operate(operator: string, left: Value, right: Value): Value {
  switch (operator) {
    case '==':
      return boolean(isEqual(left, right))
    case '!=':
      return boolean(!isEqual(left, right))
    case '<':
      return boolean(compare(left, right) < 0)
    case '<=':
      return boolean(compare(left, right) <= 0)
    case '>':
      return boolean(compare(left, right) > 0)
    case '>=':
      return boolean(compare(left, right) >= 0)
    case 'in':
      return boolean(isIn(left, right))
    case 'not in':
      return boolean(!isIn(left, right))
    case '~':
      refuseMarkup(left, right)
      return text(pythonText(left) + pythonText(right))
    default:
      return isNumeric(left) && isNumeric(right) ? calculate(operator, left, right) : combine(operator, left, right)
  }
}

export function isIn(item: Value, container: Value): boolean {
  if (isText(container)) {
    if (isText(item)) return container.value.includes(item.value)
    throw new Error(`a ${nameOf(item)} is looked for in a text`)
  }
  if (isDictionary(container)) return isText(item) && container.value.has(item.value)
  return itemsOf(container).some((other) => isEqual(item, other))
}

/** Of text that `tojson` has made, Jinja would escape what it is joined to. */
export function refuseMarkup(...values: Value[]): void {
  if (values.some((value) => value.kind === 'markup')) throw new Error('print what tojson gives by itself')
}

const MOST_TIMES = 100_000

/** `+` and `*` of texts and lists. */
function combine(operator: string, left: Value, right: Value): Value {
  refuseMarkup(left, right)
  if (operator === '+') {
    if (isText(left) && isText(right)) return text(left.value + right.value)
    if (isList(left) && isList(right) && left.kind === right.kind && (left.kind ?? 'tuple') === 'tuple') {
      return list([...left.value, ...right.value], left.kind)
    }
  }
  if (operator === '*' && (isInteger(left) || isInteger(right))) {
    const [repeated, number] = isInteger(left) ? [right, left] : [left, right]
    const times = Math.max(0, Number(number.value))
    if (times > MOST_TIMES) throw new Error(`a ${nameOf(repeated)} is repeated too often`)
    if (isText(repeated)) return text(repeated.value.repeat(times))
    if (isList(repeated) && (repeated.kind ?? 'tuple') === 'tuple') {
      return list(Array.from({ length: times }, () => repeated.value).flat(), repeated.kind)
    }
  }
  if (operator === '%' && isText(left)) throw new Error('% does not format texts here; use .format()')
  const hint = isText(left) || isText(right) ? '; to join texts use ~' : ''
  throw new Error(`${operator} cannot take ${named(left)} and ${named(right)}${hint}`)
}

const named = (value: Value) => (isUndefined(value) ? 'a value that is not defined' : nameOf(value))

function calculate(operator: string, left: Value, right: Value): Value {
  const [a, b] = [Number(left.value), Number(right.value)]
  const isWhole = isInteger(left) && isInteger(right)
  if (b === 0 && /[/%]/.test(operator)) throw new Error('a number is divided by zero')
  const number = (value: number) => (isWhole ? integer(value) : float(value))
  switch (operator) {
    case '+':
      return number(a + b)
    case '-':
      return number(a - b)
    case '*':
      return number(a * b)
    case '/':
      return float(a / b)
    case '//':
      return number((a - modulo(a, b)) / b)
    case '%':
      return number(modulo(a, b))
    case '**': {
      const power = a ** b
      if (!Number.isFinite(power)) throw new Error('the power is no finite number')
      return isWhole && b >= 0 ? integer(power) : float(power)
    }
    default:
      throw new Error(`the operator ${operator} is not supported`)
  }
}

/** The rest of a division, with the sign of the divisor. */
function modulo(a: number, b: number): number {
  const rest = a % b
  if (rest === 0) return b < 0 ? -0 : 0
  return rest < 0 === b < 0 ? rest : rest + b
}
