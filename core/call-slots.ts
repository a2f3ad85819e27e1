import { sleep } from './backoff.ts'

/**
 * Spaces out calls: whoever wants to make one reserves the next free slot of its key and waits for it. `memorySlots`
 * is for one process; `db/rate-limiter.ts` reserves in the database, for all processes together.
 */
export interface CallSlots {
  /**
   * Waits for the next free slot of `key` and keeps the key taken for `spanMs` from then on. Slots are given in the
   * order of asking. Rejects with the signal's reason when it aborts; the slot is then left unused.
   */
  acquire(key: string, spanMs: number, signal: AbortSignal): Promise<void>
  /** Gives no slot of `key` for the next `ms`; whoever waits for one asks anew when that time has passed. */
  block(key: string, ms: number): Promise<void>
}

/** A slot as it was reserved: how far off it is, and the epoch of its key, which a block begins anew. */
export interface Reservation {
  waitMs: number
  epoch: number
}

/** Reserves and waits until a slot is reached whose key was not blocked meanwhile. */
export async function waitForSlot(
  reserve: () => Promise<Reservation>,
  epochNow: () => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const { waitMs, epoch } = await reserve()
    if (waitMs <= 0) return
    // A timer may fire up to a millisecond early.
    await sleep(Math.ceil(waitMs) + 1, signal)
    if ((await epochNow()) === epoch) return
  }
}

interface Held {
  nextAt: number
  blockedUntil: number
  epoch: number
}

/** Slots of this process alone. */
export function memorySlots(nowMs: () => number = () => performance.now()): CallSlots {
  const keys = new Map<string, Held>()
  const heldOf = (key: string): Held => {
    const held = keys.get(key) ?? { nextAt: -Infinity, blockedUntil: -Infinity, epoch: 0 }
    keys.set(key, held)
    return held
  }
  return {
    async acquire(key, spanMs, signal) {
      const held = heldOf(key)
      const reserve = async () => {
        const now = nowMs()
        const slot = Math.max(now, held.nextAt)
        held.nextAt = slot + spanMs
        return { waitMs: slot - now, epoch: held.epoch }
      }
      await waitForSlot(reserve, async () => held.epoch, signal)
    },
    async block(key, ms) {
      const held = heldOf(key)
      const until = nowMs() + ms
      if (until <= held.blockedUntil) return
      held.blockedUntil = until
      held.nextAt = until
      held.epoch += 1
    },
  }
}
