import { type Decimal, ZERO, divide, multiply } from '../../core/decimal.ts'
import { type CompiledRules, classifyPart } from './classification.ts'
import { fourPlaces, moneyOrNull } from './columns.ts'
import { IDENTITY_SEPARATOR, type Line } from './line.ts'
import { type ChargedQuantity, type Quantities, chargedQuantity } from './quantity-rule.ts'
import { type Source, flagAt, numberAt, textAt, warn } from './reading.ts'
import type { LineItemRow, QuantityRule } from './rows.ts'
import { oneSpelling } from './spelling.ts'

/** One part of a correction: one issue of it from stock. */
export interface Part {
  source: Source
  id: string | null
  description: string | null
  shopPartNumber: string | null
  vendorPartNumber: string | null
  quantities: Quantities
  price: Decimal | null
  cost: Decimal | null
  taxable: boolean | null
  coreType: string | null
  isSublet: boolean | null
}

/** Parts of one correction that are the same article at the same price and terms: one line. */
export interface PartGroup {
  first: Part
  /** What the parts have in common, as text. */
  identity: string
  unitPrice: Decimal | null
  quantity: Decimal
  returned: Decimal
  toBeReturned: Decimal
  total: Decimal
  /** Null when no part states a cost. */
  cost: Decimal | null
  ids: string[]
  count: number
}

export interface PartGroups {
  /** In the order of first appearance. */
  groups: PartGroup[]
  /** Parts of which nothing is charged: they make no line. */
  dropped: number
}

/** Reads a part, with a warning where its quantities are odd. */
export function readPart(source: Source): Part {
  const ordered = numberAt(source, 'quantity', 'quantity')
  const returned = numberAt(source, 'returnedQuantity', 'quantity') ?? ZERO
  const coreType = textAt(source, 'coreType')
  if (ordered === null) warn(source, 'quantity', 'QUANTITY_MISSING', 'The part has no quantity; it counts as 0.')
  if (returned > ZERO && returned > (ordered ?? ZERO)) {
    warn(
      source,
      'returnedQuantity',
      'RETURNED_EXCEEDS_QUANTITY',
      'More is returned than was issued; the rest is a credit.',
    )
  }
  return {
    source,
    id: textAt(source, 'primaryKey'),
    description: textAt(source, 'description'),
    shopPartNumber: textAt(source, 'shopPartNumber'),
    vendorPartNumber: textAt(source, 'vendorPartNumber'),
    quantities: {
      ordered: ordered ?? ZERO,
      returned,
      toBeReturned: numberAt(source, 'toBeReturnedQuantity', 'quantity') ?? ZERO,
      isDirtyCore: coreType !== null && coreType.toUpperCase() === 'DIRTY',
    },
    price: numberAt(source, 'sellingPrice', 'price'),
    cost: numberAt(source, 'cost', 'price'),
    taxable: flagAt(source, 'taxable'),
    coreType,
    isSublet: flagAt(source, 'sublet'),
  }
}

/** Groups the parts of one correction. Prices and costs are rounded to cents for each part, before they are summed. */
export function groupParts(parts: readonly Part[], rule: QuantityRule): PartGroups {
  const groups = new Map<string, PartGroup>()
  let dropped = 0
  for (const part of parts) {
    const charged = chargedQuantity(rule, part.quantities)
    if (charged.quantity === ZERO) {
      dropped++
      continue
    }
    if (part.price === null)
      warn(part.source, 'sellingPrice', 'PRICE_MISSING', 'The part has no price; it counts as 0.')
    const unitPrice = signed(part.price, charged)
    const identity = groupIdentity(part, unitPrice)
    let group = groups.get(identity)
    if (group === undefined) {
      group = emptyGroup(part, identity, unitPrice)
      groups.set(identity, group)
    }
    addPart(group, part, charged)
  }
  return { groups: [...groups.values()], dropped }
}

/** What the part lines of a correction add up to under a quantity rule. */
export function partsTotal(parts: readonly Part[], rule: QuantityRule): Decimal {
  return parts.reduce((sum, part) => {
    const charged = chargedQuantity(rule, part.quantities)
    return sum + multiply(signed(part.price, charged) ?? ZERO, charged.quantity, 2)
  }, ZERO)
}

function signed(amount: Decimal | null, charged: ChargedQuantity): Decimal | null {
  return amount !== null && charged.isRefund ? ZERO - amount : amount
}

function emptyGroup(first: Part, identity: string, unitPrice: Decimal | null): PartGroup {
  return {
    first,
    identity,
    unitPrice,
    quantity: ZERO,
    returned: ZERO,
    toBeReturned: ZERO,
    total: ZERO,
    cost: null,
    ids: [],
    count: 0,
  }
}

function addPart(group: PartGroup, part: Part, charged: ChargedQuantity): void {
  group.quantity += charged.quantity
  group.returned += part.quantities.returned
  group.toBeReturned += part.quantities.toBeReturned
  if (group.unitPrice !== null) group.total += multiply(group.unitPrice, charged.quantity, 2)
  const unitCost = signed(part.cost, charged)
  if (unitCost !== null) group.cost = (group.cost ?? ZERO) + multiply(unitCost, charged.quantity, 2)
  if (part.id !== null) group.ids.push(part.id)
  group.count++
}

function groupIdentity(part: Part, unitPrice: Decimal | null): string {
  const core = part.coreType === null ? '' : oneSpelling(part.coreType)
  // The core type is in upper case and the article starts in lower case, so that one cannot run into the other.
  return `${unitPrice ?? ''},${part.taxable ?? ''},${part.isSublet ?? ''},${core}${articleOf(part)}`
}

/** The article: its number, or else what describes it, so that parts without a number are not taken for the same. */
function articleOf(part: Part): string {
  const number = part.shopPartNumber ?? part.vendorPartNumber
  if (number !== null) return `number ${oneSpelling(number)}`
  if (part.description !== null) return `description ${oneSpelling(part.description)}`
  return part.id === null ? `place ${part.source.index}` : `id ${part.id}`
}

/** The line of a group. `correctionRow` is copied for what the line shares with its correction. */
export function partLine(correctionRow: LineItemRow, group: PartGroup, rules: CompiledRules): Line {
  const { first } = group
  const { source, description, shopPartNumber, vendorPartNumber } = first
  const category = textAt(source, 'partCategory')
  const texts = { description, shopPartNumber, vendorPartNumber, category }
  const { type, ruleId } = classifyPart(texts, rules)
  const row: LineItemRow = {
    ...correctionRow,
    line_item_type: type,
    classified_by: ruleId,
    fullbay_part_id: first.id,
    part_ids: group.ids,
    part_count: group.count,
    part_description: description,
    shop_part_number: shopPartNumber,
    vendor_part_number: vendorPartNumber,
    part_category: category,
    quantity: fourPlaces(group.quantity),
    to_be_returned_quantity: fourPlaces(group.toBeReturned),
    returned_quantity: fourPlaces(group.returned),
    unit_cost: fourPlaces(unitCostOf(group)),
    unit_price: fourPlaces(group.unitPrice),
    line_cost: moneyOrNull(group.cost),
    taxable: first.taxable,
    price_overridden: flagAt(source, 'sellingPriceOverridden'),
    inventory_item: flagAt(source, 'inventory'),
    core_type: first.coreType,
    sublet: first.isSublet,
    quickbooks_account: textAt(source, 'quickBooksAccount'),
    quickbooks_item: textAt(source, 'quickBooksItem'),
    quickbooks_item_type: textAt(source, 'quickBooksItemType'),
  }
  return { row, bucket: 'parts', total: group.total, identity: lineIdentity(correctionRow, group) }
}

function unitCostOf(group: PartGroup): Decimal | null {
  return group.cost === null || group.quantity === ZERO ? null : divide(group.cost, group.quantity, 4)
}

function lineIdentity(row: LineItemRow, group: PartGroup): string {
  const place = `PART${IDENTITY_SEPARATOR}${row.fullbay_complaint_id}${IDENTITY_SEPARATOR}${row.fullbay_correction_id}`
  return `${place}${IDENTITY_SEPARATOR}${group.identity}`
}
