/** A row of base.fullbay__classification_rules. */
export interface ClassificationRule {
  rule_id: string
  /** The shop that the rule belongs to; null for all shops. */
  shop_id: string | null
  /** Lowest first; of equal priorities the shop's own rule first. */
  priority: number
  field: 'description' | 'part_number' | 'category' | 'any'
  /** `any_word` and `all_words` look for whole words, `equals` compares the whole field. */
  match: 'any_word' | 'all_words' | 'equals'
  words: readonly string[]
  /** Whole words of the same field that keep the rule from matching. */
  except_words: readonly string[]
  line_item_type: 'PART' | 'SUPPLY' | 'FREIGHT'
}

/** What a part says about itself, as the rules see it. */
export interface PartText {
  description: string | null
  shopPartNumber: string | null
  vendorPartNumber: string | null
  category: string | null
}

export interface Classification {
  type: ClassificationRule['line_item_type']
  /** The rule that decided; null when none did and the part is a PART. */
  ruleId: string | null
}

/** The rules of one shop in their order, ready to be applied; made by `compileRules`. */
export type CompiledRules = readonly CompiledRule[]

interface CompiledRule {
  field: ClassificationRule['field']
  match: ClassificationRule['match']
  words: ReadonlySet<string>
  exceptWords: ReadonlySet<string>
  result: Classification
}

const UNCLASSIFIED: Classification = { type: 'PART', ruleId: null }

/** Prepares the rules that apply to a shop, once for many invoices. */
export function compileRules(rules: readonly ClassificationRule[], shopId: string): CompiledRules {
  return rules
    .filter((rule) => rule.shop_id === null || rule.shop_id === shopId)
    .toSorted(
      (a, b) =>
        a.priority - b.priority ||
        Number(a.shop_id === null) - Number(b.shop_id === null) ||
        (a.rule_id < b.rule_id ? -1 : 1),
    )
    .map((rule) => ({
      field: rule.field,
      match: rule.match,
      words: new Set(
        rule.words.flatMap((word) => (rule.match === 'equals' ? [wordsOf(word).join(' ')] : wordsOf(word))),
      ),
      exceptWords: new Set(rule.except_words.flatMap(wordsOf)),
      result: { type: rule.line_item_type, ruleId: rule.rule_id },
    }))
}

const WORD = /[\p{L}\p{N}&]+/gu
const NO_WORDS: readonly string[] = []

/** The whole words of a text in upper case: runs of letters, digits and &. ANTI-FREEZE is one word. */
function wordsOf(text: string | null): readonly string[] {
  if (text === null) return NO_WORDS
  let upper = text.toUpperCase()
  if (upper.includes('ANTI-FREEZE')) upper = upper.replaceAll('ANTI-FREEZE', 'ANTIFREEZE')
  const words: string[] = []
  let start = 0
  for (let at = 0; at < upper.length; at++) {
    const code = upper.charCodeAt(at)
    // Letters beyond ASCII need the Unicode tables of a regular expression, which costs several times as much.
    if (code > 127) return upper.match(WORD) ?? NO_WORDS
    if (isWordCode(code)) continue
    if (at > start) words.push(upper.slice(start, at))
    start = at + 1
  }
  if (start < upper.length) words.push(upper.slice(start))
  return words
}

/** A-Z, 0-9 and &, as character codes. */
function isWordCode(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 38
}

/** The first rule that matches decides; a part that no rule matches is a PART. */
export function classifyPart(part: PartText, rules: CompiledRules): Classification {
  const description = wordsOf(part.description)
  const category = wordsOf(part.category)
  const shopNumber = wordsOf(part.shopPartNumber)
  const sameNumber = part.vendorPartNumber === part.shopPartNumber
  const partNumber = sameNumber ? shopNumber : shopNumber.concat(wordsOf(part.vendorPartNumber))
  const fields = { description, category, part_number: partNumber, any: description.concat(category, partNumber) }
  for (const rule of rules) {
    if (matches(rule, fields[rule.field])) return rule.result
  }
  return UNCLASSIFIED
}

function matches(rule: CompiledRule, words: readonly string[]): boolean {
  return words.length > 0 && hits(rule, words) && !hasAny(words, rule.exceptWords)
}

function hits(rule: CompiledRule, words: readonly string[]): boolean {
  if (rule.match === 'any_word') return hasAny(words, rule.words)
  if (rule.match === 'equals') return rule.words.has(words.join(' '))
  for (const word of rule.words) if (!words.includes(word)) return false
  return rule.words.size > 0
}

function hasAny(words: readonly string[], wanted: ReadonlySet<string>): boolean {
  for (const word of words) if (wanted.has(word)) return true
  return false
}
