import { isIPv4 } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'

/** The public IPv4 address that the vendor sees our requests come from. */
export interface EgressIp {
  /** The address; `refresh` asks again where it can change. */
  current(refresh: boolean): Promise<string>
}

export function fixedEgressIp(address: string): EgressIp {
  return { current: async () => address }
}

const CACHE_MS = 3_600_000
const LOOKUP_TIMEOUT_MS = 10_000

/**
 * An address that is looked up at a service which answers with nothing but the caller's address, kept for an hour.
 * Throws PipelineError FULLBAY_EGRESS_IP when the answer is not an IPv4 address: a request is never signed with a guess.
 */
export function discoveredEgressIp(url: string, clock: Clock): EgressIp {
  let cached: { address: string; until: number } | undefined
  return {
    async current(refresh) {
      const now = clock.now().getTime()
      if (!refresh && cached !== undefined && now < cached.until) return cached.address
      const address = await lookUp(url)
      cached = { address, until: now + CACHE_MS }
      return address
    },
  }
}

async function lookUp(url: string): Promise<string> {
  const advice = 'Set fullbay.egress_ip to the fixed address instead.'
  let text: string
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(LOOKUP_TIMEOUT_MS), redirect: 'error' })
    text = (await reply.text()).trim()
  } catch (cause) {
    throw new PipelineError(
      'FULLBAY_EGRESS_IP',
      `The egress address could not be looked up at ${url}. ${advice}`,
      'later',
      { cause },
    )
  }
  if (!isIPv4(text)) {
    throw new PipelineError('FULLBAY_EGRESS_IP', `${url} did not answer with an IPv4 address. ${advice}`, 'later')
  }
  return text
}
