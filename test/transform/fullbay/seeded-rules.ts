import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { ClassificationRule } from '../../../transform/fullbay/classification.ts'

const MIGRATION = new URL('../../../sql/migrations/0002_fullbay.sql', import.meta.url)
const RULE = /\('([\w-]+)', (\d+), '(\w+)', '(\w+)',\s*'\{([^}]*)\}',\s*'\{([^}]*)\}',\s*'(PART|SUPPLY|FREIGHT)'\)/g

const Row = z.object({
  field: z.enum(['description', 'part_number', 'category', 'any']),
  match: z.enum(['any_word', 'all_words', 'equals']),
  line_item_type: z.enum(['PART', 'SUPPLY', 'FREIGHT']),
})

const listOf = (words = '') => (words === '' ? [] : words.split(','))

/** The classification rules that the migration seeds, read from its text. */
export function seededRules(): ClassificationRule[] {
  const sql = readFileSync(MIGRATION, 'utf8')
  return [...sql.matchAll(RULE)].map((match) => {
    const [, ruleId = '', priority, field, kind, words, exceptWords, type] = match
    return {
      rule_id: ruleId,
      shop_id: null,
      priority: Number(priority),
      words: listOf(words),
      except_words: listOf(exceptWords),
      ...Row.parse({ field, match: kind, line_item_type: type }),
    }
  })
}
