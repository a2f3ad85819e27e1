import { type Decimal, formatFixed } from '../../core/decimal.ts'

// Text of a decimal with the places of its column.
export const moneyColumn = (amount: Decimal) => formatFixed(amount, 2)
export const moneyOrNull = (amount: Decimal | null) => (amount === null ? null : formatFixed(amount, 2))
export const fourPlaces = (value: Decimal | null) => (value === null ? null : formatFixed(value, 4))
export const portionColumn = (percent: Decimal | null) => (percent === null ? null : formatFixed(percent, 3))
