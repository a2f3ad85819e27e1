import { describe, expect, test } from 'vitest'
import {
  type ClassificationRule,
  classifyPart,
  compileRules,
  type PartText,
} from '../../../transform/fullbay/classification.ts'
import { seededRules } from './seeded-rules.ts'

const rules = compileRules(seededRules(), 'DET')
const text = (over: Partial<PartText>): PartText => ({
  description: null,
  shopPartNumber: null,
  vendorPartNumber: null,
  category: null,
  ...over,
})

describe('the seeded rules', () => {
  test.for([
    { part: { description: 'INBOUND FREIGHT' }, type: 'FREIGHT', rule: 'freight-word' },
    { part: { description: 'Shipping' }, type: 'FREIGHT', rule: 'freight-word' },
    { part: { description: 'S&H' }, type: 'FREIGHT', rule: 'freight-word' },
    { part: { shopPartNumber: 'FREIGHT' }, type: 'FREIGHT', rule: 'freight-word' },
    { part: { vendorPartNumber: 'freight-1' }, type: 'FREIGHT', rule: 'freight-word' },
    { part: { category: 'Freight', description: 'OIL' }, type: 'FREIGHT', rule: 'freight-word' },
    { part: { description: 'FREIGHTLINER DOOR' }, type: 'PART', rule: null },
    { part: { category: 'FLUIDS', description: 'OIL FILTER' }, type: 'SUPPLY', rule: 'supply-category' },
    { part: { category: ' shop  supplies ', description: 'RAGS' }, type: 'SUPPLY', rule: 'supply-category' },
    { part: { category: 'FLUID SYSTEMS' }, type: 'PART', rule: null },
    { part: { description: 'OIL - 1540' }, type: 'SUPPLY', rule: 'fluid-word' },
    { part: { description: 'Washer fluid' }, type: 'SUPPLY', rule: 'fluid-word' },
    { part: { description: 'anti-freeze, 50/50' }, type: 'SUPPLY', rule: 'fluid-word' },
    { part: { description: 'DEF 2.5 GAL' }, type: 'SUPPLY', rule: 'fluid-word' },
    { part: { description: 'BRAKE-CLEANER' }, type: 'SUPPLY', rule: 'fluid-word' },
    { part: { description: 'DEF AWNING KIT' }, type: 'PART', rule: null },
    { part: { description: 'FILTER, OIL' }, type: 'PART', rule: null },
    { part: { description: 'OIL SEAL' }, type: 'PART', rule: null },
    { part: { description: 'COIL SPRING' }, type: 'PART', rule: null },
    { part: { description: 'FOIL TAPE' }, type: 'PART', rule: null },
    { part: { description: 'BOILER' }, type: 'PART', rule: null },
    { part: { description: 'ÖOIL' }, type: 'PART', rule: null },
    { part: { description: 'Öl – OIL für Motor' }, type: 'SUPPLY', rule: 'fluid-word' },
    { part: { shopPartNumber: 'OIL' }, type: 'PART', rule: null },
    { part: { description: 'SHOP SUPPLY' }, type: 'SUPPLY', rule: 'shop-supply' },
    { part: { description: 'SUPPLIES FOR THE SHOP' }, type: 'SUPPLY', rule: 'shop-supplies' },
    { part: { description: 'WORKSHOP SUPPLY' }, type: 'PART', rule: null },
    { part: {}, type: 'PART', rule: null },
  ])('$part is $type by $rule', ({ part, type, rule }) => {
    expect(classifyPart(text(part), rules)).toEqual({ type, ruleId: rule })
  })
})

describe('rules of a shop', () => {
  const aRule = (over: Partial<ClassificationRule>): ClassificationRule => ({
    rule_id: 'r',
    shop_id: null,
    priority: 1,
    field: 'description',
    match: 'any_word',
    words: ['BOLT'],
    except_words: [],
    line_item_type: 'SUPPLY',
    ...over,
  })
  const bolt = text({ description: 'BOLT', category: 'BOLTS' })
  const decide = (part: PartText, ...given: ClassificationRule[]) =>
    classifyPart(part, compileRules(given, 'DET')).ruleId

  test('the lowest priority number decides, whatever the order of the rows', () => {
    expect(decide(bolt, aRule({ rule_id: 'late', priority: 2 }), aRule({ rule_id: 'early', priority: 1 }))).toBe(
      'early',
    )
  })

  test("of equal priorities the shop's own rule decides", () => {
    expect(decide(bolt, aRule({ rule_id: 'a-general' }), aRule({ rule_id: 'own', shop_id: 'DET' }))).toBe('own')
  })

  test("another shop's rule does not apply", () => {
    expect(decide(bolt, aRule({ shop_id: 'WIX' }))).toBeNull()
  })

  test.for([
    {
      why: 'a word of the exceptions in the field',
      rule: { except_words: ['HEX'] },
      description: 'HEX BOLT',
      matches: false,
    },
    { why: 'words in lower case in the rule', rule: { words: ['bolt'] }, description: 'BOLT', matches: true },
    {
      why: 'all words',
      rule: { match: 'all_words' as const, words: ['HEX', 'BOLT'] },
      description: 'BOLT, HEX',
      matches: true,
    },
    {
      why: 'one of all words',
      rule: { match: 'all_words' as const, words: ['HEX', 'BOLT'] },
      description: 'BOLT',
      matches: false,
    },
    {
      why: 'the whole field',
      rule: { match: 'equals' as const, words: ['HEX-BOLT'] },
      description: 'hex bolt',
      matches: true,
    },
    {
      why: 'more than the whole field',
      rule: { match: 'equals' as const, words: ['BOLT'] },
      description: 'HEX BOLT',
      matches: false,
    },
    {
      why: 'a rule without words',
      rule: { match: 'all_words' as const, words: [] },
      description: 'BOLT',
      matches: false,
    },
    { why: 'an exception in another field', rule: { except_words: ['BOLTS'] }, description: 'BOLT', matches: true },
  ])('$why: matches is $matches', ({ rule, description, matches }) => {
    expect(decide({ ...bolt, description }, aRule(rule))).toBe(matches ? 'r' : null)
  })
})
