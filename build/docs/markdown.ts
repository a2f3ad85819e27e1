/** Text with `code` or bold parts. */
export type Inline = string | ['code' | 'strong', string]

/** A paragraph, heading or code block has one line here, a list one for each item. */
export interface Block {
  tag: 'p' | 'h3' | 'pre' | 'ul' | 'ol'
  lines: Inline[][]
}

const FENCE = /^ {0,3}```/
const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/
const BULLET = /^\s*[-*+]\s+(.*)$/
const NUMBERED = /^\s*\d+[.)]\s+(.*)$/
const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|!?\[([^[\]]*)\]\(\s*([^()\s]*)[^()]*\)/g

/**
 * Reads paragraphs, headings, lists, code blocks, `code` and bold; a link becomes its text and address. Everything
 * else, HTML included, stays the text that it is: the page never makes markup of it.
 */
export function parseMarkdown(text: string): Block[] {
  const blocks: Block[] = []
  let paragraph: string[] = []
  let fence: string[] | null = null
  let item: string[] | null = null
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push({ tag: 'p', lines: [parseInline(paragraph.join(' '))] })
    paragraph = []
  }
  const endItem = () => {
    if (item !== null) blocks.at(-1)?.lines.push(parseInline(item.join(' ')))
    item = null
  }
  const end = () => {
    endParagraph()
    endItem()
  }
  for (const line of text.split(/\r?\n/)) {
    if (FENCE.test(line)) {
      end()
      if (fence !== null) blocks.push({ tag: 'pre', lines: [[fence.join('\n')]] })
      fence = fence === null ? [] : null
      continue
    }
    if (fence !== null) {
      fence.push(line)
      continue
    }
    const heading = HEADING.exec(line)?.[1]
    const listed = BULLET.exec(line)?.[1] ?? NUMBERED.exec(line)?.[1]
    if (heading !== undefined) {
      end()
      blocks.push({ tag: 'h3', lines: [parseInline(heading)] })
    } else if (listed !== undefined) {
      const tag = BULLET.test(line) ? 'ul' : 'ol'
      const continues = paragraph.length === 0 && blocks.at(-1)?.tag === tag
      end()
      if (!continues) blocks.push({ tag, lines: [] })
      item = [listed]
    } else if (line.trim() === '') end()
    else (item ?? paragraph).push(line.trim())
  }
  end()
  if (fence !== null) blocks.push({ tag: 'pre', lines: [[fence.join('\n')]] })
  return blocks
}

function parseInline(text: string): Inline[] {
  const parts: Inline[] = []
  let at = 0
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, label, address] = match
    if (match.index > at) parts.push(text.slice(at, match.index))
    if (code !== undefined) parts.push(['code', code])
    else if (strong !== undefined) parts.push(['strong', strong])
    else parts.push(label === '' || label === address ? `${address}` : `${label} (${address})`)
    at = match.index + whole.length
  }
  if (at < text.length) parts.push(text.slice(at))
  return parts
}
