import { resolve } from 'node:path'
import type { Command } from 'commander'
import { drainOnSignals } from './drain.ts'
import { usageError } from './exit.ts'
import { print, renderJson } from './output.ts'
import type { ServedVendor } from './sandbox-vendor.ts'
import { untilAborted } from './wait.ts'

const PORTS = { port: '4180', geotabPort: '4181', sftpPort: '4182', sftpFaultsPort: '4183' }

type Options = typeof PORTS & { dir: string; json?: boolean }

export function addSandboxCommand(program: Command): void {
  program
    .command('sandbox')
    .description('run the stand-in vendors (Fullbay, Geotab, SFTP) on fixed ports until stopped')
    .option('--port <port>', 'port of Fullbay; 0 takes a free one, as for the others', PORTS.port)
    .option('--geotab-port <port>', 'port of Geotab', PORTS.geotabPort)
    .option('--sftp-port <port>', "port of Chevin's SFTP server", PORTS.sftpPort)
    .option('--sftp-faults-port <port>', "port of the SFTP server's fault switches (HTTP)", PORTS.sftpFaultsPort)
    .option('--dir <folder>', 'what they keep between two starts: files, host key, fleet', '.milepost/sandbox')
    .option('--json', 'the settings as JSON')
    .addHelpText(
      'after',
      `
Prints a milepost.yaml that reads and writes them (all else it prints is a comment), and the environment that it needs.
The folder also takes the database of that milepost.yaml, since the two go together: remove it to begin anew.

Faults are switched on over HTTP, for each vendor at /sandbox/faults of its port (SFTP: of --sftp-faults-port): POST one
or a list, GET lists them, DELETE clears them. An unknown one is answered with the list of those that there are.
POST /sandbox/host-key has the SFTP server show another host key until it is started again.

Examples:
  $ npx milepost sandbox > milepost.yaml
  $ curl -X POST localhost:${PORTS.port}/sandbox/faults -d '{"fault":"status","status":503,"times":2}'
  $ curl -X POST localhost:${PORTS.geotabPort}/sandbox/faults -d '{"fault":"overLimit","method":"GetFeed","times":3}'
  $ curl -X POST localhost:${PORTS.sftpFaultsPort}/sandbox/faults -d '{"fault":"cut","packets":20,"times":1}'
  $ curl -X DELETE localhost:${PORTS.port}/sandbox/faults`,
    )
    .action(async (options: Options) => {
      const ports = {
        fullbay: portOf('--port', options.port),
        geotab: portOf('--geotab-port', options.geotabPort),
        sftp: portOf('--sftp-port', options.sftpPort),
        faults: portOf('--sftp-faults-port', options.sftpFaultsPort),
      }
      const drain = drainOnSignals()
      const dir = resolve(options.dir)
      const vendors = await serve(ports, dir)
      try {
        const facts = await factsOf(vendors, dir)
        print(options.json === true ? renderJson(facts) : render(facts))
        await untilAborted(drain)
      } finally {
        for (const vendor of Object.values(vendors)) await vendor.close()
      }
    })
}

function portOf(option: string, text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw usageError(`${option} takes a port number, not ${text}`)
}

type Vendors = Record<'fullbay' | 'geotab' | 'chevin', ServedVendor>

/** Starts all stand-ins, or none. */
async function serve(
  ports: { fullbay: number; geotab: number; sftp: number; faults: number },
  dir: string,
): Promise<Vendors> {
  const { openSandboxFolder } = await import('./sandbox-folder.ts')
  const { serveChevin } = await import('./sandbox-chevin.ts')
  const { serveFullbay } = await import('./sandbox-fullbay.ts')
  const { serveGeotab } = await import('./sandbox-geotab.ts')
  const folder = openSandboxFolder(dir)
  const started: ServedVendor[] = []
  const keep = <Vendor extends ServedVendor>(vendor: Vendor) => {
    started.push(vendor)
    return vendor
  }
  try {
    const fullbay = keep(await serveFullbay(ports.fullbay))
    const geotab = keep(await serveGeotab(ports.geotab, folder))
    return { fullbay, geotab, chevin: await serveChevin(ports, folder, geotab) }
  } catch (error) {
    for (const vendor of started) await vendor.close()
    throw error
  }
}

async function factsOf(vendors: Vendors, dir: string) {
  const { renderYaml } = await import('./settings-yaml.ts')
  const all = Object.values(vendors)
  // A database that holds data of the built-in stand-ins refuses that of configured servers.
  const config = Object.assign({ data_dir: dir }, ...all.map((vendor) => vendor.config))
  return {
    milepost_yaml: renderYaml(config),
    config,
    environment: Object.assign({}, ...all.map(({ environment }) => environment)) as Record<string, string>,
    vendors: Object.fromEntries(Object.entries(vendors).map(([name, { facts }]) => [name, facts])),
  }
}

function render({ milepost_yaml, environment, vendors }: Awaited<ReturnType<typeof factsOf>>): string {
  const places = Object.entries(vendors).flatMap(([name, facts]) =>
    Object.entries(facts).map(([fact, value]) => `#   ${`${name} ${fact}`.padEnd(19)} ${value}`),
  )
  return [
    '# Stand-ins of Fullbay, Geotab and Chevin are running; Ctrl-C stops them. This is a milepost.yaml for them:',
    milepost_yaml,
    '# Where DATABASE_URL is set, let it name a database that holds no data of the built-in sandbox.',
    '# In the environment:',
    ...Object.entries(environment).map(([name, value]) => `#   export ${name}=${value}`),
    '# Where they are:',
    ...places,
  ].join('\n')
}
