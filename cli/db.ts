import { resolve } from 'node:path'
import type { Command } from 'commander'
import { redactUrl } from '../db/database-url.ts'
import { usageError } from './exit.ts'
import { print, renderJson } from './output.ts'

/** Folder of the embedded server. */
async function serverFolder(): Promise<string> {
  const { loadConfig } = await import('../core/config.ts')
  const config = loadConfig(process.cwd())
  if (config.databaseUrl === null) return resolve(config.dataDir, 'postgres')
  throw usageError('DATABASE_URL is set, so the embedded database is not in use; unset it for this command')
}

export function addDbCommand(program: Command): void {
  const db = program
    .command('db')
    .description('the embedded database: url, start, stop, status')
    .addHelpText(
      'after',
      `
Commands start the embedded Postgres when they need it and stop it when the last of them ends. "db start" keeps it
running until "db stop", for a BI tool or psql.

Examples:
  $ npx milepost db start
  $ psql "$(npx milepost db url)"
  $ npx milepost db stop`,
    )
  db.command('url')
    .description('print the address of the database, password included')
    .action(async () => {
      const { loadConfig } = await import('../core/config.ts')
      const config = loadConfig(process.cwd())
      if (config.databaseUrl !== null) return print(config.databaseUrl.reveal())
      const { ensureServer } = await import('../db/embedded/launcher.ts')
      const server = await ensureServer({ dataDir: await serverFolder() })
      print(server.url)
      await server.release()
    })
  db.command('start')
    .description('start the embedded database and keep it running')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const { ensureServer } = await import('../db/embedded/launcher.ts')
      const server = await ensureServer({ dataDir: await serverFolder(), keepRunning: true })
      const { port, startedByUs } = server
      await server.release()
      const said = `${startedByUs ? 'started' : 'was running already'}; stays until \`npx milepost db stop\` (${redactUrl(server.url)})`
      print(options.json === true ? renderJson({ port, started: startedByUs }) : said)
    })
  db.command('stop')
    .description('stop the embedded database, whoever uses it')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const { stopServer } = await import('../db/embedded/launcher.ts')
      const result = await stopServer({ dataDir: await serverFolder() })
      const said = result.stopped ? `stopped; ${result.disconnected} connection(s) were cut` : 'was not running'
      print(options.json === true ? renderJson(result) : said)
    })
  db.command('status')
    .description('whether the embedded database runs, and where')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const { serverStatus } = await import('../db/embedded/launcher.ts')
      const status = await serverStatus({ dataDir: await serverFolder() })
      const shown = status.state === 'running' ? { ...status, url: redactUrl(status.url) } : status
      if (options.json === true) return print(renderJson(shown))
      print(
        shown.state === 'running'
          ? `running: ${shown.url}, pid ${shown.pid}, ${shown.users} user(s), log in ${shown.logFolder}`
          : `${shown.state}: ${shown.dataDir}`,
      )
    })
}
