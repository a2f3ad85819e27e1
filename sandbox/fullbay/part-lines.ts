import type { Random } from '../random.ts'
import type { Job } from './jobs-catalogue.ts'
import { PARTS, type CatalogueEntry } from './parts-catalogue.ts'

/** A part as it was issued to a repair. Quantities in 1/1,000, prices in 1/10,000 dollar. */
export interface PartLine {
  id: number
  number: string
  vendorNumber: string
  description: string
  category: string | null
  quantity: number
  toBeReturned: number
  returned: number
  cost: number
  price: number
  overridden: boolean
  taxed: boolean
  core: string
  inventory: boolean
  sublet: boolean
  /** Cents for what was kept; set when the part is hung on its repair. */
  amount: number
}

interface PartIds {
  /** The last part id that was given out, and the one after which no further parts are drawn. */
  ids: { part: number; lastPart: number }
}

/** One piece of a catalogue part at its list price. */
export function orderedPart(order: PartIds, item: CatalogueEntry): PartLine {
  return {
    id: (order.ids.part += 1),
    number: item.number,
    vendorNumber: item.vendorNumber,
    description: item.description,
    category: item.category,
    quantity: 1000,
    toBeReturned: 0,
    returned: 0,
    cost: item.cost,
    price: item.price,
    overridden: false,
    taxed: item.taxable,
    core: '',
    inventory: item.number !== '',
    sublet: false,
    amount: 0,
  }
}

/** Draws about `number` parts for a job, with what comes along: deposits, repeats, returns, blank numbers. */
export function drawParts(random: Random, order: PartIds, job: Job, number: number): PartLine[] {
  const lines: PartLine[] = []
  for (let index = 0; index < number; index += 1) {
    if (order.ids.part > order.ids.lastPart) break
    const item = random.chance(0.85) ? random.pick(job.parts) : random.pick(PARTS)
    const line = orderedPart(order, item)
    line.quantity = drawQuantity(random, item)
    lines.push(line)
    if (item.core > 0 && random.chance(0.5)) lines.push(...deposits(random, order, item, line))
    const quirk = random.next()
    if (quirk < 0.11) addQuirk(quirk, random, order, line, lines)
  }
  return lines
}

function drawQuantity(random: Random, item: CatalogueEntry): number {
  if (item.number === '1540') return random.int(28, 44) * 1000
  if (item.measured) return random.int(2, item.most / 250) * 250
  return item.most > 1000 && random.chance(0.5) ? random.int(1, item.most / 1000) * 1000 : 1000
}

/** The deposit on an old part, and often its refund in the same breath. */
function deposits(random: Random, order: PartIds, item: CatalogueEntry, line: PartLine): PartLine[] {
  const deposit = orderedPart(order, item)
  deposit.number = `CORE-${item.number}`
  deposit.vendorNumber = deposit.number
  deposit.description = `${item.description} CORE CHARGE`
  deposit.category = null
  deposit.cost = item.core
  deposit.price = item.core
  deposit.quantity = line.quantity
  deposit.core = 'Clean'
  if (!random.chance(0.4)) {
    deposit.toBeReturned = random.chance(0.5) ? deposit.quantity : 0
    return [deposit]
  }
  const refund = { ...deposit, id: (order.ids.part += 1), core: 'Dirty', quantity: -deposit.quantity }
  refund.description = `${item.description} CORE RETURN`
  return [deposit, refund]
}

function addQuirk(quirk: number, random: Random, order: PartIds, line: PartLine, lines: PartLine[]): void {
  if (quirk < 0.035) {
    const again = { ...line, id: (order.ids.part += 1) }
    // The same part issued a second time; now and then at another price, or exempt, or typed differently.
    const how = random.next()
    if (how < 0.2) again.price -= Math.floor(again.price / 1000) * 100
    else if (how < 0.26) again.taxed = !again.taxed
    else if (how < 0.32) again.number = ` ${again.number.toLowerCase()}`
    lines.push(again)
  } else if (quirk < 0.055) line.returned = Math.floor(line.quantity / 2000) * 1000
  else if (quirk < 0.062) line.returned = line.quantity
  else if (quirk < 0.063) line.returned = line.quantity + 1000
  else if (quirk < 0.085) line.number = ''
  else if (quirk < 0.088) line.number = line.vendorNumber = ''
  else if (quirk < 0.1) {
    line.price += 500 * random.int(1, 20)
    line.overridden = true
  } else if (quirk < 0.104) line.price = 0
  else if (quirk < 0.108) line.sublet = true
  else line.quantity = 0
}
