const HEX = /^[0-9a-f]{1,16}$/i

/** Whether a source's version (a counter in hexadecimal) is lower than the one we hold; false where either is unknown. */
export function isOlder(theirs: string | null, ours: string | null): boolean {
  if (theirs === null || ours === null || !HEX.test(theirs) || !HEX.test(ours)) return false
  return BigInt(`0x${theirs}`) < BigInt(`0x${ours}`)
}
