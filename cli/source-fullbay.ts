import type { Clock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import { Secret } from '../core/secret.ts'
import { fixedEgressIp } from '../extract/fullbay/egress-ip.ts'
import { configuredFullbay, type FullbaySource } from '../queue/fullbay/source.ts'
import { demoFullbay, type DemoFullbay } from '../sandbox/fullbay/demo.ts'
import { startFullbaySandbox } from '../sandbox/fullbay/server.ts'
import type { OpenSource } from './sources.ts'
import { usesStandIns } from './stand-ins.ts'

/** Opens the configured shops, or stand-ins within this process when no vendor is configured. */
export async function openFullbay(config: Config, clock: Clock): Promise<OpenSource<FullbaySource>> {
  if (!usesStandIns(config)) {
    const source = configuredFullbay(config, clock)
    const { shops } = source
    const list = `Fullbay, ${shops.length} shop(s): ${shops.map((shop) => shop.connection).join(', ')}`
    const name = shops.length === 0 ? 'Fullbay: not configured, left out' : list
    return { source, name, notice: null, close: async () => {} }
  }
  const demo = demoFullbay(() => clock.now())
  const server = await startFullbaySandbox({ accounts: demo.accounts, now: demo.now })
  const source = sandboxFullbay(config, demo, server.baseUrl, clock)
  const shops = source.shops.map((shop) => shop.connection).join(', ')
  return {
    source,
    name: `sandbox: made-up invoices of the stand-in shops ${shops}, and the sample invoices 14282 and S2001`,
    notice:
      'Nothing is configured: reading the built-in sandbox of Fullbay (docs/configuration.md tells how to read yours).',
    close: server.close,
  }
}

/** The demo shops as a source, at the address of their server. */
export function sandboxFullbay(config: Config, demo: DemoFullbay, baseUrl: string, clock: Clock): FullbaySource {
  const { fullbay } = config
  const egressIp = fixedEgressIp(demo.egressIp)
  return {
    isSandbox: true,
    startDate: demo.startDate,
    windowDays: fullbay.window_days,
    repull: fullbay.repull,
    shops: demo.accounts.map(({ key, shop }) => ({
      connection: shop.shopId,
      name: shop.title,
      // The samples carry titles of their own.
      expectedTitle: undefined,
      timeZone: shop.timeZone,
      quantityRule: 'q-returned',
      api: {
        shopId: shop.shopId,
        key: new Secret(key),
        baseUrl,
        egressIp,
        requestIntervalMs: 0,
        timeoutSeconds: fullbay.timeout_seconds,
        maxReplyBytes: fullbay.max_reply_mb * 1_048_576,
        retry: { attempts: fullbay.retry.attempts, baseMs: fullbay.retry.base_ms, maxMs: fullbay.retry.max_ms },
        clock,
      },
    })),
  }
}
