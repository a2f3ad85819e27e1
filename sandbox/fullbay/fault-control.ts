import type { DateWindow } from '../../core/date-window.ts'
import { parseFault, type Fault } from './fault.ts'

/** A fault that is switched on. */
interface ActiveFault {
  id: number
  fault: Fault
  /** Requests that matched so far, and those that it befell. */
  matched: number
  befell: number
}

/** What decides whether a fault befalls a request. */
interface RequestFacts {
  shop: string | null
  page: number
  window: DateWindow
  /** The ids of all invoices of the window, when the request is a good one. */
  has: (invoice: string) => boolean
}

/** The switches of a stand-in. */
export interface FaultControl {
  /** Switches a fault on, beside those that are on. Throws PipelineError SANDBOX_FAULT_INVALID. */
  set(fault: Fault): ActiveFault
  list(): ActiveFault[]
  /** Switches one fault off, or all of them; answers how many. */
  clear(id?: number): number
  /** The faults that befall a request, which counts as one of their `times`. */
  take(request: RequestFacts): Fault[]
}

export function createFaultControl(): FaultControl {
  let nextId = 1
  let active: ActiveFault[] = []
  return {
    set(fault) {
      const added: ActiveFault = { id: nextId, fault: parseFault(fault), matched: 0, befell: 0 }
      nextId += 1
      active.push(added)
      return { ...added }
    },
    list: () => active.map((each) => ({ ...each })),
    clear(id) {
      const before = active.length
      active = id === undefined ? [] : active.filter((each) => each.id !== id)
      return before - active.length
    },
    take(request) {
      const taken = active.filter((each) => {
        if (!matches(each.fault, request)) return false
        each.matched += 1
        if (each.matched <= (each.fault.after ?? 0)) return false
        each.befell += 1
        return true
      })
      active = active.filter(({ befell, fault }) => befell < (fault.times ?? Infinity))
      return taken.map(({ fault }) => fault)
    },
  }
}

function matches(fault: Fault, { shop, page, window, has }: RequestFacts): boolean {
  if (fault.shop !== undefined && fault.shop !== shop) return false
  if (fault.page !== undefined && fault.page !== page) return false
  if (fault.date !== undefined && (fault.date < window.start || fault.date > window.end)) return false
  // A fault that a request cannot show waits for one that can.
  if (fault.fault === 'countDrift') return page > 1
  if (fault.fault === 'duplicate' && fault.where === 'nextPage') return page > 1
  return 'invoice' in fault ? has(fault.invoice) : true
}
