import { parseFault, type Fault } from './fault.ts'

/** A fault that is switched on. */
interface ActiveFault {
  id: number
  fault: Fault
  /** Calls that matched so far, and those that it befell. */
  matched: number
  befell: number
}

/** What decides whether a fault befalls a call. */
export interface CallFacts {
  method: string
  typeName: string | null
  database: string | null
  /** The coordinates of GetAddresses. */
  coordinates: readonly { x: number; y: number }[]
  /** Whether the call is part of a multi-call, whose reply it cannot spoil. */
  inner: boolean
}

/** The switches of a stand-in. */
export interface FaultControl {
  /** Switches a fault on, beside those that are on. Throws PipelineError SANDBOX_FAULT_INVALID. */
  set(fault: Fault): ActiveFault
  list(): ActiveFault[]
  /** Switches one fault off, or all of them; answers how many. */
  clear(id?: number): number
  /** The faults that befall a call, which counts as one of their `times`. */
  take(call: CallFacts): Fault[]
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
    take(call) {
      const taken = active.filter((each) => {
        if (!matches(each.fault, call)) return false
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

// Faults of a result or of one call; all others are faults of a whole reply.
const OF_CALLS = ['nullResult', 'error', 'overLimit', 'dbUnavailable', 'addresses', 'addressError']
const OF_FEEDS = ['duplicateRows', 'reordered', 'versionBackwards', 'versionUnchanged']

function matches(fault: Fault, { method, typeName, database, coordinates, inner }: CallFacts): boolean {
  if (fault.method !== undefined && fault.method !== method) return false
  if (fault.typeName !== undefined && fault.typeName !== typeName) return false
  if (fault.database !== undefined && fault.database !== database) return false
  if (inner && (fault.method === undefined || ![...OF_CALLS, ...OF_FEEDS].includes(fault.fault))) return false
  // A fault that a call cannot show waits for one that can.
  if (OF_FEEDS.includes(fault.fault)) return method === 'GetFeed'
  if (fault.fault === 'redirect') return method === 'Authenticate'
  if (fault.fault === 'addresses') return method === 'GetAddresses'
  if (fault.fault === 'sessionEnds') return !OPEN.includes(method)
  if (fault.fault !== 'addressError') return true
  const near = (one: number, other: number) => one.toFixed(5) === other.toFixed(5)
  return method === 'GetAddresses' && coordinates.some(({ x, y }) => near(x, fault.x) && near(y, fault.y))
}

/** Methods that need no session. */
export const OPEN = ['Authenticate', 'GetVersion', 'GetVersionInformation', 'GetSystemTimeUtc']
