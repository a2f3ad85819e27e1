import { sql } from 'kysely'
import { PipelineError } from '../../core/errors.ts'
import { dropDeliveredContent, requeueDeliveries } from '../../load/sftp/ledger.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { BuildOutput } from '../build-job.ts'
import type { PipelineContext } from '../context.ts'
import { geotabContexts } from '../geotab/contexts-stage.ts'
import { geotabConnections, geotabDatabase } from '../geotab/source.ts'
import { readSteps, type Step } from '../ledger.ts'
import type { Stage } from '../stage.ts'
import { planReport } from './plan-report.ts'
import { REPORTS, type Report } from './reports.ts'
import { sendDue, type SentFile } from './send.ts'
import { assertMayDeliver, requireChevin } from './target.ts'

/** What a run keeps of its deliveries. */
export interface DeliverOutput {
  /** Files that this run made. */
  planned: { report: string; file: string; rows: number; bytes: number; retracted: number; notes: object }[]
  /** Reports that could not be made, with the reason; nothing was sent for them. */
  missing: { report: string; reason: string }[]
  /** What became of every file that was due, those of earlier runs included. */
  files: SentFile[]
  place: string
}

/** Renders the reports of a Geotab database and sends them to Chevin, each file exactly once under its name. */
export const chevinReports: Stage = {
  name: 'chevin.reports',
  kind: 'deliver',
  source: 'geotab',
  connections: (context) => (context.chevin === null ? [] : geotabConnections(context)),
  async run(context, { runId, connection }, signal) {
    // A worker that is configured otherwise than the run gives the job back.
    geotabDatabase(context, connection)
    assertMayDeliver(context)
    const steps = await readSteps(context.db, runId)
    const output: DeliverOutput = { planned: [], missing: [], files: [], place: requireChevin(context).place }
    for (const report of wantedReports(context)) {
      signal.throwIfAborted()
      const reason = reasonAgainst(report, connection, steps)
      await tell(context, report, connection, runId, reason)
      if (reason !== null) output.missing.push({ report: report.name, reason })
      else {
        const planned = await planReport(context, report, connection, { runId })
        for (const { name, rows, bytes, notes } of planned?.files ?? []) {
          const retracted = planned?.retracted ?? 0
          output.planned.push({ report: report.name, file: name, rows, bytes, retracted, notes })
        }
      }
    }
    await anotherRound(context)
    output.files = await sendDue(context, runId, signal)
    await dropDeliveredContent(context.db, context.config.chevin.keep_files_days, context.clock)
    await sql`
      update ops.steps set output = ${JSON.stringify(output)}::jsonb
      where run_id = ${runId}::uuid and kind = 'deliver' and connection = ${connection}
    `.execute(context.db)
    assertSent(output)
    return output
  },
}

const wantedReports = ({ config }: PipelineContext) =>
  REPORTS.filter((report) => config.chevin.reports.includes(report.name))

/** Why a file of this report would not tell the truth now; null when it would. */
function reasonAgainst(report: Report, connection: string, steps: Step[]): string | null {
  const failed = steps.find(
    (step) =>
      step.connection === connection &&
      step.status === 'failed' &&
      step.feed !== null &&
      (step.feed === geotabContexts.name || report.feeds.includes(step.feed)),
  )
  if (failed !== undefined) return `${failed.step} failed (${failed.error_code ?? 'unknown'})`
  const build = steps.find((step) => step.kind === 'build')
  const groups = (build?.output as BuildOutput | null)?.groups ?? []
  return groups.includes('geotab') ? null : 'its models were held back by the build'
}

// What a server refuses to everybody until a person mends it: the file itself is as good as ever.
const REFUSED_BY_SERVER = [
  'SFTP_AUTH',
  'SFTP_HOST_KEY_UNKNOWN',
  'SFTP_HOST_KEY_CHANGED',
  'SFTP_DENIED',
  'SFTP_DIRECTORY_MISSING',
  'SFTP_READ_ONLY',
]

/** Has files that the server refused as a whole tried again by each run, so that they go out once it is mended. */
async function anotherRound(context: PipelineContext): Promise<void> {
  const { destination } = requireChevin(context)
  await context.db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ delivery_id: string }>`
      select delivery_id from ops.deliveries
      where destination = ${destination} and status = 'failed' and error_code = any(${REFUSED_BY_SERVER}::text[])
    `.execute(trx)
    const deliveryIds = rows.map((row) => row.delivery_id)
    if (deliveryIds.length > 0) await requeueDeliveries(trx, { destination, deliveryIds }, context.clock)
  })
}

async function tell(
  context: PipelineContext,
  report: Report,
  connection: string,
  runId: string,
  reason: string | null,
): Promise<void> {
  const alert = { kind: 'report_missing', subject: `${report.name} ${connection}` }
  if (reason === null) return await endAlert(context.db, alert)
  await raiseAlert(context.db, {
    ...alert,
    severity: 'critical',
    message: `No ${report.title} of ${connection} was made: ${reason}. Nothing is lost: the next run that succeeds sends all that is due.`,
    nextStep: 'npx milepost status',
    runId,
  })
}

/** A file that has not arrived is not a step that succeeded. The files wait in the ledger, whatever becomes of the step. */
function assertSent({ files }: DeliverOutput): void {
  const open = files.filter(({ outcome }) => outcome !== 'delivered' && outcome !== 'was_there')
  const first = open[0]
  if (first === undefined) return
  const code = first.error?.code ?? 'DELIVERY_WAITING'
  const lines = open.map(
    ({ file, outcome, error }) => `  ${file}: ${outcome}${error === undefined ? '' : ` (${error.message})`}`,
  )
  const message = `${open.length} file(s) have not arrived; they are kept and sent by a later run (npx milepost deliver sends now):\n${lines.join('\n')}`
  // The ledger knows when each file is tried again: to repeat the step would only find that it is not time yet.
  throw new PipelineError(code, message, 'never')
}
