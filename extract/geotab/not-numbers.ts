const NEXT = /"|-?\b(?:NaN|Infinity)\b/g

/**
 * A JSON text with `null` for each NaN and Infinity outside of texts: JSON knows neither, but .NET writes them. Goes
 * through the text once, also where it breaks off inside a text.
 */
export function withoutNotNumbers(text: string): string {
  if (!text.includes('NaN') && !text.includes('Infinity')) return text
  let clean = ''
  let copied = 0
  let at = 0
  while (at !== -1) {
    NEXT.lastIndex = at
    const found = NEXT.exec(text)
    if (found === null) break
    at = found[0] === '"' ? endOfText(text, found.index + 1) : NEXT.lastIndex
    if (found[0] === '"') continue
    clean += `${text.slice(copied, found.index)}null`
    copied = at
  }
  return clean + text.slice(copied)
}

/** Where the text that began before `from` ends, its closing quote included; -1 where it does not. */
function endOfText(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote
    while (text[first - 1] === '\\') first -= 1
    if ((quote - first) % 2 === 0) return quote + 1
  }
  return -1
}
