import { systemClock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import { messageOf } from '../core/errors.ts'
import { configuredFullbay } from '../queue/fullbay/source.ts'
import { examined, isThisMachine, LEFT_OUT, PATIENCE_SECONDS, type Finding } from './doctor-finding.ts'
import { usesStandIns } from './stand-ins.ts'

/** Examines the shops of Fullbay without a request that a key is sent with. */
export function examineFullbay(config: Config, seconds = PATIENCE_SECONDS): Promise<Finding[]> {
  return examined('fullbay', seconds, async (findings, signal) => {
    if (usesStandIns(config)) {
      findings.push({
        check: 'fullbay',
        status: 'note',
        found: 'sandbox: nothing is configured, so a built-in stand-in with made-up invoices is read',
        fix: 'to read your own, list your shops in milepost.yaml (docs/configuration.md)',
      })
      return
    }
    const source = configuredFullbay(config, systemClock)
    const [first] = source.shops
    if (first === undefined) {
      findings.push({ check: 'fullbay', status: 'note', found: LEFT_OUT, fix: 'to read it, list fullbay.shops' })
      return
    }
    const { baseUrl, egressIp } = first.api
    const { host, hostname } = new URL(baseUrl)
    const shops = source.shops.map(({ connection, api }) => `${connection} (key ${api.key.hint()})`).join(', ')
    const found = `from ${source.startDate}: ${shops}`
    if (isThisMachine(hostname)) {
      findings.push({ check: 'fullbay', status: 'note', found: `a stand-in on this machine (${host}), ${found}` })
    } else findings.push({ check: 'fullbay', status: 'ok', found: `real, ${found}` })
    findings.push(await examineReach(baseUrl, signal))
    findings.push(await examineEgress(() => egressIp.current(true)))
  })
}

/** Only whether something answers. */
async function examineReach(baseUrl: string, signal: AbortSignal): Promise<Finding> {
  const { host } = new URL(baseUrl)
  try {
    const reply = await fetch(baseUrl, { method: 'HEAD', redirect: 'manual', signal })
    return { check: 'fullbay network', status: 'ok', found: `${host} answers (HTTP ${reply.status})` }
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error)
    return {
      check: 'fullbay network',
      status: 'problem',
      found: `${host} does not answer: ${cause}`,
      fix: 'check the network, a proxy, and fullbay.base_url',
    }
  }
}

async function examineEgress(current: () => Promise<string>): Promise<Finding> {
  const check = 'fullbay egress address'
  try {
    return { check, status: 'ok', found: await current() }
  } catch (error) {
    return { check, status: 'problem', found: messageOf(error), fix: 'set fullbay.egress_ip' }
  }
}
