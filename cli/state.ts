import type { Command } from 'commander'
import { usageError } from './exit.ts'
import { print, renderJson, renderTable } from './output.ts'
import { openReader } from './session.ts'

interface CursorRow {
  feed: string
  connection: string
  value: unknown
  run_id: string
  updated_at: Date
}

export function addStateCommand(program: Command): void {
  const state = program
    .command('state')
    .description('how far each feed has been read (the cursors): list, reset')
    .addHelpText(
      'after',
      `
Examples:
  $ npx milepost state
  $ npx milepost state list --json
  $ npx milepost state reset geotab.trips washgas --dry-run`,
    )
  state
    .command('reset')
    .description(
      'forget how far a feed has been read: the next run reads it from its beginning; what is equal lands as unchanged',
    )
    .argument('<feed>', 'such as geotab.trips')
    .argument('<connection>', 'the shop or Geotab database')
    .option('--dry-run', 'only say what would be forgotten')
    .action((feed: string, connection: string, options: { dryRun?: boolean }) => reset(feed, connection, options))
  state
    .command('list', { isDefault: true })
    .description('list them')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const session = await openReader()
      try {
        const { rows } = await session.pool.query<CursorRow>('select * from ops.cursors order by feed, connection')
        if (options.json === true) print(renderJson(rows))
        else if (rows.length === 0) print('No feed has been read yet.')
        else {
          const cells = rows.map((row) => [row.feed, row.connection, JSON.stringify(row.value), row.updated_at])
          print(renderTable(['feed', 'connection', 'cursor', 'updated'], cells))
        }
      } finally {
        await session.close()
      }
    })
}

/** After a source was restored from a backup its versions may begin anew: a person says so, and it is written down. */
async function reset(feed: string, connection: string, options: { dryRun?: boolean }): Promise<void> {
  const session = await openReader()
  try {
    const { rows } = await session.pool.query<CursorRow>(
      'select * from ops.cursors where feed = $1 and connection = $2',
      [feed, connection],
    )
    const held = rows[0]
    if (held === undefined)
      throw usageError(`there is no cursor of ${feed} ${connection}; \`milepost state\` lists them`)
    const what = `${feed} ${connection}: ${JSON.stringify(held.value)}, last moved ${held.updated_at.toISOString()}`
    if (options.dryRun === true) return print(`Would forget ${what}.`)
    await session.pool.query(
      `with gone as (delete from ops.cursors where feed = $1 and connection = $2 returning value)
       insert into ops.cursor_resets (feed, connection, value) select $1, $2, value from gone`,
      [feed, connection],
    )
    print(`Forgot ${what}. The next run reads from the beginning.`)
  } finally {
    await session.close()
  }
}
