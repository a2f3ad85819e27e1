import { describe, expect, test } from 'vitest'
import { parseMarkdown } from '../../build/docs/markdown.ts'

describe('Markdown', () => {
  test.for([
    { text: '', blocks: [] },
    {
      text: 'one\ntwo\n\nthree',
      blocks: [
        { tag: 'p', lines: [['one two']] },
        { tag: 'p', lines: [['three']] },
      ],
    },
    { text: '## Head ##', blocks: [{ tag: 'h3', lines: [['Head']] }] },
    { text: 'a `b_c` **d**', blocks: [{ tag: 'p', lines: [['a ', ['code', 'b_c'], ' ', ['strong', 'd']]] }] },
    { text: '- a\n  more\n\n- b', blocks: [{ tag: 'ul', lines: [['a more'], ['b']] }] },
    {
      text: 'x\n1. a\n2) b',
      blocks: [
        { tag: 'p', lines: [['x']] },
        { tag: 'ol', lines: [['a'], ['b']] },
      ],
    },
    {
      text: '```sql\n- a\n\n`b`\n```\nc',
      blocks: [
        { tag: 'pre', lines: [['- a\n\n`b`']] },
        { tag: 'p', lines: [['c']] },
      ],
    },
    {
      text: '[the docs](https://a.b "t"), ![](x.png)',
      blocks: [{ tag: 'p', lines: [['the docs (https://a.b)', ', ', 'x.png']] }],
    },
    { text: '<b>2 * 3 * 4</b> snake_case', blocks: [{ tag: 'p', lines: [['<b>2 * 3 * 4</b> snake_case']] }] },
  ])('reads $text', ({ text, blocks }) => {
    expect(parseMarkdown(text)).toEqual(blocks)
  })

  test('takes time in proportion to the text', () => {
    const started = performance.now()
    for (const part of ['[', '`', '**a', '[a](', '# ', '- ', '![](']) parseMarkdown(part.repeat(20_000))
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
