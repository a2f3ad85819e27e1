const bits = new DataView(new ArrayBuffer(8))
const LEAST_INTEGER = -(2 ** 29)
const MOST_INTEGER = 2 ** 29 - 1
const LEAST_NORMAL = 2 ** -1022

/** Too small for the format, which has no denormalised doubles. */
export function isDenormal(value: number): boolean {
  return value !== 0 && Math.abs(value) < LEAST_NORMAL
}

/**
 * The four bytes that stand for a number where they hold it exactly: an integer of 30 bits, a hundredth of one, or a
 * double whose low 34 bits are zero. Undefined otherwise. -0 becomes 0: the format forbids it.
 */
export function rkOf(value: number): number | undefined {
  if (isSmallInteger(value)) return (value << 2) | 2
  bits.setFloat64(0, value)
  if (bits.getUint32(4) === 0 && (bits.getUint8(3) & 3) === 0) return bits.getInt32(0)
  const hundredths = Math.round(value * 100)
  return isSmallInteger(hundredths) && hundredths / 100 === value ? (hundredths << 2) | 3 : undefined
}

function isSmallInteger(value: number): boolean {
  return value >= LEAST_INTEGER && value <= MOST_INTEGER && Number.isInteger(value)
}
