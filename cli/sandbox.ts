import type { Command } from 'commander'
import { drainOnSignals } from './drain.ts'
import { usageError } from './exit.ts'
import { print, renderJson } from './output.ts'
import { untilAborted } from './wait.ts'

const DEFAULT_PORT = '4180'

export function addSandboxCommand(program: Command): void {
  program
    .command('sandbox')
    .description('run the stand-in vendors on a fixed port until stopped')
    .option('--port <port>', 'port of Fullbay', DEFAULT_PORT)
    .option('--json', 'the settings as JSON')
    .addHelpText(
      'after',
      `
Faults are switched on over HTTP: POST one to /sandbox/faults, GET lists them, DELETE clears them.

Examples:
  $ npx milepost sandbox
  $ curl -X POST localhost:${DEFAULT_PORT}/sandbox/faults -d '{"fault":"status","status":503,"times":2}'
  $ curl -X DELETE localhost:${DEFAULT_PORT}/sandbox/faults`,
    )
    .action(async (options: { port: string; json?: boolean }) => {
      const port = Number(options.port)
      if (!Number.isInteger(port) || port < 0 || port > 65_535)
        throw usageError(`--port takes a port number, not ${options.port}`)
      const drain = drainOnSignals()
      const { demoFullbay } = await import('../sandbox/fullbay/demo.ts')
      const { startFullbaySandbox } = await import('../sandbox/fullbay/server.ts')
      const demo = demoFullbay()
      const server = await startFullbaySandbox({ accounts: demo.accounts, now: demo.now, port })
      const facts = {
        base_url: server.baseUrl,
        faults_url: `${server.url}/sandbox/faults`,
        egress_ip: demo.egressIp,
        start_date: demo.startDate,
        shops: demo.accounts.map(({ key, shop }) => ({
          id: shop.shopId,
          name: shop.title,
          time_zone: shop.timeZone,
          key,
        })),
      }
      print(options.json === true ? renderJson(facts) : renderFacts(facts))
      await untilAborted(drain)
      await server.close()
    })
}

interface Facts {
  base_url: string
  faults_url: string
  egress_ip: string
  start_date: string
  shops: { id: string; name: string; time_zone: string; key: string }[]
}

// As milepost.yaml, so that a reader of the sandbox is configured by pasting it.
function renderFacts(facts: Facts): string {
  return [
    '# Fullbay stand-in. For a milepost.yaml that reads it:',
    'fullbay:',
    `  base_url: ${facts.base_url}`,
    `  egress_ip: ${facts.egress_ip}`,
    `  start_date: ${facts.start_date}`,
    '  request_interval_ms: 0',
    '  shops:',
    ...facts.shops.map(
      (shop) => `    - { id: ${shop.id}, time_zone: ${shop.time_zone}, key: { env: FULLBAY_API_KEY_${shop.id} } }`,
    ),
    '# and in the environment:',
    ...facts.shops.map((shop) => `#   export FULLBAY_API_KEY_${shop.id}=${shop.key}`),
    `# Faults: ${facts.faults_url}. Ctrl-C stops.`,
  ].join('\n')
}
