import { withoutSecrets } from '../../core/secret.ts'

// Longest piece of a reply that is looked at for a message.
const LOOKED_AT = 20_000
// Line ends, escape sequences and what turns text around could forge or garble a line of a log.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** A text of the other side as a message may quote it: without secrets and control characters, and short. */
export function cleanText(text: string, longest = 300): string {
  // Cut last: a secret cut in two would not be known any more.
  const clean = withoutSecrets(text.slice(0, LOOKED_AT)).replaceAll(UNPRINTABLE, ' ').trim()
  return clean.length <= longest ? clean : `${clean.slice(0, longest)}…`
}
