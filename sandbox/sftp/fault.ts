/** The requests of SFTP, by the names that version 3 gives them. */
export const OPERATIONS = [
  'open',
  'close',
  'read',
  'write',
  'lstat',
  'stat',
  'fstat',
  'opendir',
  'readdir',
  'remove',
  'rename',
  'mkdir',
  'rmdir',
  'setstat',
  'realpath',
] as const
export type Operation = (typeof OPERATIONS)[number]

/** Something that the stand-in does wrong on purpose. */
type FaultKind =
  /** Files take this many more bytes in all; a write past them fails. */
  | { fault: 'diskFull'; afterBytes: number }
  | { fault: 'denied' }
  /** Every path below the root is missing its folder. */
  | { fault: 'directoryMissing' }
  | { fault: 'readOnly' }
  /** The plain failure of version 3, without a word. */
  | { fault: 'failure' }
  /** The request is taken, and nothing ever answers it. */
  | { fault: 'hang' }
  /** The request is carried out, and the connection dies before its answer. */
  | { fault: 'loseReply' }
  /** The answer comes late. */
  | { fault: 'slow'; ms: number }
  /** Sizes are told wrong, by so many bytes. */
  | { fault: 'wrongSize'; by: number }
  /** The written bytes are not the ones that were sent. */
  | { fault: 'corrupt' }

/** Faults of a connection rather than of a request. */
type ConnectionFault =
  | { fault: 'refuseAuth' }
  /** The connection is cut when the client's packet number `packets` arrives. */
  | { fault: 'cut'; packets: number }
  /** The connection is taken, and nothing is ever said. */
  | { fault: 'mute' }

interface FaultScope {
  /** Only so many times, then never again. */
  times?: number
  /** Only after so many matching requests were served well. */
  after?: number
  /** Only requests of this kind. */
  operation?: Operation
  /** Only requests for a path that ends so. */
  path?: string
}

export type Fault = (FaultKind | ConnectionFault) & FaultScope

type Befallen = { operation: Operation; path: string } | 'connection' | 'login'

/** A fault that is switched on. */
export interface ActiveFault {
  id: number
  fault: Fault
  /** Requests that matched so far, and those that it befell. */
  matched: number
  befell: number
}

/** The switches of a stand-in. */
export interface FaultControl {
  /** Switches a fault on, beside those that are on. */
  set(fault: Fault): ActiveFault
  list(): ActiveFault[]
  /** Switches one fault off, or all of them; answers how many. */
  clear(id?: number): number
  /** The faults that befall a request, a new connection, or a try to log in. */
  take(request: Befallen): Fault[]
  /** How many bytes may still be written. */
  bytesLeft(): number
  /** Counts bytes that were written. */
  wrote(bytes: number): void
}

const ELSEWHERE: Partial<Record<Fault['fault'], Befallen>> = {
  refuseAuth: 'login',
  cut: 'connection',
  mute: 'connection',
}
const WRITING = new Set<Operation>(['open', 'write', 'remove', 'rename', 'mkdir', 'rmdir', 'setstat'])

export function createFaultControl(): FaultControl {
  let nextId = 1
  let active: ActiveFault[] = []
  let written = 0
  return {
    set(fault) {
      const added = { id: nextId, fault, matched: 0, befell: 0 }
      nextId += 1
      active.push(added)
      written = 0
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
    bytesLeft() {
      const limits = active.flatMap(({ fault }) => (fault.fault === 'diskFull' ? [fault.afterBytes - written] : []))
      return Math.min(Infinity, ...limits)
    },
    wrote(bytes) {
      written += bytes
    },
  }
}

function matches(fault: Fault, request: Befallen): boolean {
  if (typeof request === 'string') return ELSEWHERE[fault.fault] === request
  if (ELSEWHERE[fault.fault] !== undefined) return false
  if (fault.fault === 'diskFull') return false // counted in bytes, not in requests
  if (fault.operation !== undefined && fault.operation !== request.operation) return false
  if (fault.path !== undefined && !request.path.endsWith(fault.path)) return false
  if (fault.fault === 'wrongSize') return ['lstat', 'stat', 'fstat'].includes(request.operation)
  if (fault.fault === 'corrupt') return request.operation === 'write'
  return fault.fault !== 'readOnly' || WRITING.has(request.operation)
}
