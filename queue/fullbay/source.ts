import type { Clock } from '../../core/clock.ts'
import type { Config } from '../../core/config.ts'
import type { FullbayConnection } from '../../extract/fullbay/client.ts'
import { discoveredEgressIp, fixedEgressIp } from '../../extract/fullbay/egress-ip.ts'
import type { RepullRule } from '../../extract/fullbay/windows.ts'

export interface FullbayShopSource {
  /** The shop's id: the connection under which all its rows stand. */
  connection: string
  name: string
  /** The title its invoices should carry, when it is configured. */
  expectedTitle: string | undefined
  timeZone: string
  quantityRule: 'q-returned' | 'demo'
  api: FullbayConnection
}

export interface FullbaySource {
  /** The shops are stand-ins and their invoices are made up. */
  isSandbox: boolean
  startDate: string
  windowDays: number
  repull: RepullRule[]
  shops: FullbayShopSource[]
}

/** The shops of the configuration, none when none is configured. */
export function configuredFullbay(config: Config, clock: Clock): FullbaySource {
  const { fullbay } = config
  // The configuration was checked to have one of the two, and a start date, when it names a shop.
  const egressIp =
    fullbay.egress_ip === undefined
      ? discoveredEgressIp(fullbay.egress_ip_url ?? '', clock)
      : fixedEgressIp(fullbay.egress_ip)
  const shops = fullbay.shops.map((shop) => ({
    connection: shop.id,
    name: shop.name ?? shop.id,
    expectedTitle: shop.name,
    timeZone: shop.timeZone,
    quantityRule: shop.quantityRule,
    api: {
      shopId: shop.id,
      key: shop.key,
      baseUrl: withFinalSlash(fullbay.base_url),
      egressIp,
      requestIntervalMs: fullbay.request_interval_ms,
      timeoutSeconds: fullbay.timeout_seconds,
      maxReplyBytes: fullbay.max_reply_mb * 1_048_576,
      retry: { attempts: fullbay.retry.attempts, baseMs: fullbay.retry.base_ms, maxMs: fullbay.retry.max_ms },
      clock,
    },
  }))
  return {
    isSandbox: false,
    startDate: fullbay.start_date ?? '',
    windowDays: fullbay.window_days,
    repull: fullbay.repull,
    shops,
  }
}

const withFinalSlash = (url: string) => (url.endsWith('/') ? url : `${url}/`)
