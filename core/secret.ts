import { inspect } from 'node:util'

const known = new Set<string>()

/**
 * A value that must never be printed: its text form, its JSON form and what the debugger shows say "[secret]".
 * `reveal()` is the one way to read it, called where a request is signed or a connection is opened.
 */
export class Secret {
  readonly #value: string

  /** `hidden` are the parts that no text may show, where that is not the whole: an address hides its password only. */
  constructor(value: string, hidden: string[] = [value]) {
    this.#value = value
    for (const part of hidden) {
      // Shorter ones would blot out ordinary words; the configuration refuses keys that short.
      if (part.length < 6) continue
      for (const form of formsOf(part)) known.add(form)
    }
  }

  reveal(): string {
    return this.#value
  }

  /** The last four characters, to tell two keys apart in a message. */
  hint(): string {
    return `…${this.#value.slice(-4)}`
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** A text as it stands in URLs, in JSON, and encoded for headers. */
function formsOf(part: string): string[] {
  const bytes = Buffer.from(part)
  // Its last characters depend on what follows, so the padded end is left away.
  const base64 = bytes.toString('base64').replace(/.{0,2}=+$/, '')
  const url = base64.replaceAll('+', '-').replaceAll('/', '_')
  return [part, encodeURIComponent(part), JSON.stringify(part).slice(1, -1), base64, url]
}

/** Replaces every known secret in a text: the net below the rule that secrets never reach a message. */
export function withoutSecrets(text: string): string {
  let clean = text
  for (const value of known) if (clean.includes(value)) clean = clean.replaceAll(value, '[secret]')
  return clean
}
