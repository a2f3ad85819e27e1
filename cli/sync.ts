import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { PipelineError } from '../core/errors.ts'
import type { RowResult } from '../load/geotab/result-csv.ts'
import type { SyncOutput } from '../queue/chevin/sync-output.ts'
import { drainOnSignals } from './drain.ts'
import { EXIT, usageError, wholeNumber } from './exit.ts'
import { count, isInteractive, print, renderCsv, renderJson, renderTable, say } from './output.ts'

interface Options {
  json?: boolean
  csv?: boolean
  all?: boolean
  approve?: string
  dryRun?: boolean
  plan?: string
  device?: string
  limit: string
}

const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

export function addSyncCommand(program: Command): void {
  const sync = program
    .command('sync')
    .description("have Chevin's vehicle file change names, VINs and groups of Geotab devices: plan, apply, history")
    .addHelpText(
      'after',
      `
The file is taken when it is complete, landed, and laid beside the fleet; what differs is the plan. A plan that would
change too many devices waits for approval. Scheduled runs do the same by themselves (docs/chevin-sync.md).
Exit codes: 0 ok, 3 rows (or the file) were rejected or failed, 4 busy, 5 a plan waits for approval.

Examples:
  $ npx milepost sync plan
  $ npx milepost sync apply --approve 7c9e6679-7425-40de-944b-e07fc1f90ae7
  $ npx milepost sync history --device b12`,
    )
  sync
    .command('plan')
    .description('show what the file would change; nothing is changed')
    .option('--all', 'show unchanged rows too')
    .option('--json', 'as JSON, all rows')
    .option('--csv', 'as CSV, all rows')
    .addHelpText('after', '\nExamples:\n  $ npx milepost sync plan\n  $ npx milepost sync plan --csv > plan.csv')
    .action((options: Options) => act('plan', options))
  sync
    .command('apply')
    .description('make the plan and carry it out')
    .option('--approve <plan id>', 'carry out this plan, which waits for approval, as it was shown')
    .option('--dry-run', 'the same as `sync plan`')
    .option('--all', 'show unchanged rows too')
    .option('--json', 'as JSON, all rows')
    .option('--csv', 'the result as CSV, all rows')
    .addHelpText('after', '\nExamples:\n  $ npx milepost sync apply --dry-run\n  $ npx milepost sync apply --json')
    .action((options: Options) => act(options.dryRun === true ? 'plan' : 'apply', options))
  sync
    .command('history')
    .description('list plans and changes, newest first')
    .option('--plan <plan id>', 'every row of this plan, with what became of it')
    .option('--device <id>', 'the changes of this device')
    .option('--limit <n>', 'at most so many', '50')
    .option('--json', 'as JSON')
    .option('--csv', 'as CSV')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx milepost sync history\n  $ npx milepost sync history --device b12 --csv',
    )
    .action((options: Options) => history(options))
}

async function act(what: 'plan' | 'apply', options: Options): Promise<void> {
  if (options.approve !== undefined && !isId(options.approve))
    throw usageError(`--approve takes the id of a plan, which \`npx milepost sync plan\` shows, not ${options.approve}`)
  const drain = drainOnSignals()
  const { openPipeline } = await import('./pipeline.ts')
  const { planResults } = await import('../queue/chevin/carry-out.ts')
  const { applySync, approveSync, planSync } = await import('../queue/chevin/vehicle-sync.ts')
  const { requireVehicleSettings } = await import('../queue/chevin/vehicle-settings.ts')
  const { checkConnections } = await import('../queue/connections.ts')
  const { context, sources, close } = await openPipeline(drain, { schedules: false })
  try {
    for (const notice of sources.notices) say(notice)
    await checkConnections(context)
    const settings = requireVehicleSettings(context)
    if (settings.offBecause !== null) say(`Vehicle updates are switched off: ${settings.offBecause}.`)
    const call = { runId: randomUUID(), signal: drain, fleet: 'now' as const, onProgress: showProgress }
    const approval = { planId: options.approve?.toLowerCase() ?? '', by: userInfo().username }
    let output: SyncOutput
    try {
      if (what === 'plan') output = await planSync(context, settings, call)
      else if (options.approve === undefined) output = await applySync(context, settings, call)
      else output = await approveSync(context, settings, approval, call)
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'SYNC_INCOMPLETE') throw error
      say(`milepost: ${error.code}: ${error.message}`)
      process.exitCode = EXIT.partial
      return
    }
    const rows = output.plan === null ? [] : await planResults(context, output.plan.plan_id)
    await show(output, rows, options)
    process.exitCode = exitOf(output)
  } finally {
    await close()
  }
}

function exitOf({ state, results }: SyncOutput): number {
  if (state === 'needs_approval') return EXIT.unhealthy
  if (state === 'rejected') return EXIT.partial
  return results !== null && results.rejected + results.failed > 0 ? EXIT.partial : EXIT.ok
}

function showProgress(done: number, of: number): void {
  if (!isInteractive()) return
  process.stderr.write(`\r${count(done)} of ${count(of)} devices${done === of ? '\n' : ''}`)
}

async function show(output: SyncOutput, rows: RowResult[], options: Options): Promise<void> {
  if (options.json === true) return print(renderJson({ ...output, rows }))
  if (options.csv === true) {
    const { resultCsv } = await import('../load/geotab/result-csv.ts')
    return print(resultCsv(rows).toString())
  }
  const shown = options.all === true ? rows : rows.filter(({ result }) => result !== 'unchanged')
  if (shown.length > 0) print(renderRows(shown))
  const { file, plan, state, explanation } = output
  if (file !== null) print(`File       ${file.path} (sha256 ${file.sha256.slice(0, 12)})`)
  if (file?.archived_as != null) print(`           moved to ${file.archived_as}`)
  if (plan !== null) {
    print(
      `Plan       ${plan.plan_id}: ${count(plan.changes)} of ${count(plan.fleet)} devices change, by ${count(plan.rows)} rows`,
    )
    print(`           ${count(plan.change_limit)} may change without approval`)
    for (const warning of plan.warnings) print(`Warning    ${warning}`)
  }
  print(`${STATES[state]} ${explanation}.`)
  if (state === 'needs_approval') print(`Next       npx milepost sync apply --approve ${plan?.plan_id ?? ''}`)
  if (state === 'planned') print('Next       npx milepost sync apply')
}

const STATES: Record<SyncOutput['state'], string> = {
  missing: 'No file: ',
  waiting: 'Waiting:  ',
  rejected: 'REJECTED: ',
  same: 'No change:',
  planned: 'Planned:  ',
  needs_approval: 'APPROVAL: ',
  applied: 'Applied:  ',
  busy: 'Busy:     ',
}

function renderRows(rows: RowResult[]): string {
  return renderTable(
    ['line', 'device', 'serial', 'result', 'change', 'why'],
    rows.map((row) => [
      row.line,
      row.device_id === '' ? row.id : row.device_id,
      row.serial_number,
      row.result,
      row.changed
        .map((field) => `${field}: ${valueText(row.before[field])} -> ${valueText(row.after[field])}`)
        .join('; '),
      [row.changed.length > 0 && row.result === 'planned' ? '' : row.explanation, ...row.warnings]
        .filter(Boolean)
        .join('; '),
    ]),
  )
}

function valueText(value: string | string[] | null | undefined): string {
  if (value === null || value === undefined || value === '') return '(none)'
  return Array.isArray(value) ? value.join('|') : value
}

async function history(options: Options): Promise<void> {
  const limit = wholeNumber('--limit', options.limit)
  if (options.plan !== undefined && !isId(options.plan))
    throw usageError(`--plan takes the id of a plan, not ${options.plan}`)
  const { openReader } = await import('./session.ts')
  const { createKysely } = await import('../db/kysely.ts')
  const { readHistory, readUpdates } = await import('../load/geotab/updates.ts')
  const { readPlan, readPlanRows, readPlans } = await import('../load/geotab/plans.ts')
  const { resultCells, rowResult, RESULT_COLUMNS } = await import('../load/geotab/result-csv.ts')
  const session = await openReader()
  const db = createKysely(session.pool)
  try {
    if (options.plan !== undefined) {
      const planId = options.plan.toLowerCase()
      const plan = await readPlan(db, planId)
      if (plan === null) throw usageError(`there is no plan ${planId}`)
      const updates = await readUpdates(db, planId)
      const rows = (await readPlanRows(db, planId)).map((row) => rowResult(row, updates.get(row.line)))
      if (rows.length === 0 && plan.rows > 0)
        say(
          `The rows of this plan are no longer kept (chevin.vehicle_updates.keep_days). Its ${count(updates.size)} changes are: npx milepost sync history --device <id>`,
        )
      if (options.json === true) print(renderJson(rows))
      else if (options.csv === true) print(renderCsv(RESULT_COLUMNS, rows.map(resultCells)))
      else print(renderRows(rows))
      return
    }
    const plans = await readPlans(db, null, limit)
    const updates = await readHistory(db, { device: options.device ?? null, limit })
    if (options.json === true) print(renderJson({ plans, updates }))
    else {
      const columns = ['at', 'connection', 'device', 'outcome', 'fields', 'before', 'after', 'file', 'line', 'error']
      const cells = updates.map((one) => [
        one.ended_at ?? one.intended_at,
        one.connection,
        one.device_id,
        one.outcome ?? 'open',
        one.fields.join('|'),
        JSON.stringify(one.before),
        JSON.stringify(one.after),
        one.file_sha256.slice(0, 8),
        one.line,
        one.error_code,
      ])
      if (options.csv === true) return print(renderCsv(columns, cells))
      if (plans.length === 0) return print('There was no vehicle file yet.')
      if (options.device === undefined) {
        const planColumns = [
          'plan',
          'connection',
          'status',
          'file',
          'rows',
          'changes',
          'rejected',
          'limit',
          'created',
          'approved by',
        ]
        const planCells = plans.map((plan) => [
          plan.plan_id,
          plan.connection,
          plan.status,
          plan.sha256.slice(0, 8),
          plan.rows,
          plan.changes,
          plan.rejected,
          plan.change_limit,
          plan.created_at,
          plan.approved_by,
        ])
        print(renderTable(planColumns, planCells))
        print(`Its rows, with what became of each: npx milepost sync history --plan ${plans[0]?.plan_id ?? ''}`)
        print('')
      }
      print(renderTable(columns, cells))
    }
  } finally {
    await session.close()
  }
}
