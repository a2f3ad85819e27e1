import { demoFullbay } from '../sandbox/fullbay/demo.ts'
import { startFullbaySandbox } from '../sandbox/fullbay/server.ts'
import { onPort, type ServedVendor } from './sandbox-vendor.ts'

/** Serves the demo shops of Fullbay. */
export async function serveFullbay(port: number): Promise<ServedVendor> {
  const demo = demoFullbay()
  const { accounts, now } = demo
  const server = await onPort('--port', port, () => startFullbaySandbox({ accounts, now, port }))
  const shops = accounts.map(({ key, shop }) => ({ key, shop, variable: `FULLBAY_API_KEY_${shop.shopId}` }))
  return {
    config: {
      fullbay: {
        base_url: server.baseUrl,
        egress_ip: demo.egressIp,
        start_date: demo.startDate,
        request_interval_ms: 0,
        shops: shops.map(({ shop, variable }) => ({
          id: shop.shopId,
          time_zone: shop.timeZone,
          key: { env: variable },
        })),
      },
    },
    environment: Object.fromEntries(shops.map(({ key, variable }) => [variable, key])),
    facts: { url: server.url, faults_url: `${server.url}/sandbox/faults` },
    close: server.close,
  }
}
