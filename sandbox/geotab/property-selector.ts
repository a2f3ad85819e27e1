import { ApiError, argumentError } from './api-error.ts'
import { rowAt } from './parameters.ts'
import type { Row } from './wire.ts'

const SELECTABLE = ['Device', 'User', 'Group', 'Rule', 'LogRecord', 'Trip']

/** A row with the properties that a call asks for; entities that cannot be cut come whole. */
export function selected(typeName: string, row: Row, parameters: Row): Row {
  const selector = rowAt(parameters, 'propertySelector')
  if (selector === undefined || !SELECTABLE.includes(typeName)) return row
  const given = selector['fields']
  if (!Array.isArray(given)) {
    throw new ApiError('JsonSerializerException', 'Cannot deserialize propertySelector: fields is not an array.')
  }
  const fields = given.map((field) => String(field).toLowerCase())
  const included = selector['isIncluded'] !== false
  if (typeName === 'LogRecord' && fields.includes('datetime') !== included) {
    throw argumentError('A property selector of LogRecord has to include dateTime.')
  }
  return Object.fromEntries(
    Object.entries(row).filter(([name]) => name === 'id' || fields.includes(name.toLowerCase()) === included),
  )
}
