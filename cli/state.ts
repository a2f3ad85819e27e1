import type { Command } from 'commander'
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
  program
    .command('state')
    .description('how far each feed has been read (the cursors)')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ npx milepost state\n  $ npx milepost state --json')
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
