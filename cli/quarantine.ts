import type { Command } from 'commander'
import { usageError, wholeNumber } from './exit.ts'
import { print, renderJson, renderTable, say } from './output.ts'
import { openReader, type Session } from './session.ts'

interface QuarantineRow {
  quarantine_id: number
  feed: string
  connection: string
  stage: string
  record_key: string | null
  code: string
  path: string
  message: string
  state: string
  attempts: number
  first_seen_at: Date
  last_seen_at: Date
}

export function addQuarantineCommand(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('records that were refused, with their reasons: list, show, retry, ignore')
    .addHelpText(
      'after',
      `
Examples:
  $ npx milepost quarantine
  $ npx milepost quarantine list --state all --json
  $ npx milepost quarantine show 12
  $ npx milepost quarantine retry 12 13      tried again by the next run
  $ npx milepost quarantine ignore 12`,
    )
  quarantine
    .command('list', { isDefault: true })
    .description('list what waits there')
    .option('--state <state>', 'open, retry, resolved, ignored or all', 'open')
    .option('--limit <n>', 'at most this many, newest first', '50')
    .option('--json', 'as JSON')
    .action((options: { state: string; limit: string; json?: boolean }) =>
      withSession((session) => list(session, options)),
    )
  quarantine
    .command('show')
    .description('one record whole, as it came, with the reason')
    .argument('<id>', 'its number in the list')
    .action((id: string) => withSession((session) => show(session, id)))
  quarantine
    .command('retry')
    .description('have the next run flatten them again')
    .argument('<ids...>', 'their numbers, or "all"')
    .option('--dry-run', 'only say which')
    .action((ids: string[], options: { dryRun?: boolean }) =>
      withSession((s) => mark(s, ids, 'retry', options.dryRun === true)),
    )
  quarantine
    .command('ignore')
    .description('leave them out for good, kept as a record')
    .argument('<ids...>', 'their numbers, or "all"')
    .option('--dry-run', 'only say which')
    .action((ids: string[], options: { dryRun?: boolean }) =>
      withSession((s) => mark(s, ids, 'ignored', options.dryRun === true)),
    )
}

async function withSession(work: (session: Session) => Promise<void>): Promise<void> {
  const session = await openReader()
  try {
    await work(session)
  } finally {
    await session.close()
  }
}

const STATES = ['open', 'retry', 'resolved', 'ignored', 'all']

async function list({ pool }: Session, options: { state: string; limit: string; json?: boolean }): Promise<void> {
  if (!STATES.includes(options.state)) throw usageError(`--state takes one of ${STATES.join(', ')}`)
  const { rows } = await pool.query<QuarantineRow>(
    `select quarantine_id, feed, connection, stage, record_key, code, path, message, state, attempts, first_seen_at, last_seen_at
    from ops.quarantine where $1 in ('all', state)
    order by quarantine_id desc limit $2`,
    [options.state, wholeNumber('--limit', options.limit)],
  )
  if (options.json === true) return print(renderJson(rows))
  if (rows.length === 0) return print('Nothing is in quarantine.')
  const columns = ['id', 'feed', 'connection', 'stage', 'record', 'state', 'attempts', 'last seen', 'reason']
  const cells = rows.map((row) => [
    row.quarantine_id,
    row.feed,
    row.connection,
    row.stage,
    row.record_key,
    row.state,
    row.attempts,
    row.last_seen_at,
    `${row.code} ${row.path}: ${row.message}`,
  ])
  print(renderTable(columns, cells))
}

async function show({ pool }: Session, id: string): Promise<void> {
  const { rows } = await pool.query('select * from ops.quarantine where quarantine_id = $1', [numberOf(id)])
  if (rows.length === 0) throw usageError(`there is no record ${id} in quarantine`)
  print(renderJson(rows[0]))
}

async function mark({ pool }: Session, ids: string[], state: 'retry' | 'ignored', dryRun: boolean): Promise<void> {
  const all = ids.length === 1 && ids[0] === 'all'
  const numbers = all ? [] : ids.map(numberOf)
  // A record refused on landing was never keyed: there is nothing a retry could read it from but the source itself.
  const stages = state === 'retry' ? ['transform'] : ['transform', 'land']
  const which = `state in ('open', 'retry') and stage = any($1::text[]) and ($2 or quarantine_id = any($3::bigint[]))`
  const chosen = [stages, all, numbers]
  type Marked = { quarantine_id: number }
  const { rows } = dryRun
    ? await pool.query<Marked>(`select quarantine_id from ops.quarantine where ${which}`, chosen)
    : await pool.query<Marked>(`update ops.quarantine set state = $4 where ${which} returning quarantine_id`, [
        ...chosen,
        state,
      ])
  const missed = numbers.filter((number) => !rows.some((row) => row.quarantine_id === number))
  if (missed.length > 0) say(`Not open, or refused on landing: ${missed.join(', ')}`)
  print(`${dryRun ? 'would set' : 'set'} ${rows.length} record(s) to ${state}`)
}

function numberOf(id: string): number {
  const number = Number(id)
  if (!Number.isSafeInteger(number) || number < 1) throw usageError(`${id} is not the number of a quarantined record`)
  return number
}
