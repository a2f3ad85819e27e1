import { sql, type Kysely, type Transaction } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import { withoutSecrets } from '../core/secret.ts'
import type { DB } from '../db/schema.ts'

export type StepKind = 'extract' | 'transform' | 'enrich' | 'build' | 'deliver' | 'sync'
export type StepStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'
export type RunTrigger = 'manual' | 'schedule' | 'backfill'
export type RunStatus = 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted'

export interface Step {
  run_id: string
  step: string
  kind: StepKind
  feed: string | null
  connection: string | null
  status: StepStatus
  job_id: string | null
  attempts: number
  pages: number
  windows_total: number
  windows_done: number
  fetched: number
  landed: number
  unchanged: number
  quarantined: number
  /** Records that the settings leave out; not part of `fetched`. */
  skipped: number
  plan: unknown
  output: unknown
  error_code: string | null
  error_message: string | null
}

export interface Run {
  run_id: string
  lane: string
  trigger: string
  status: RunStatus
  owner: string
  /** How often its steps are tried again; null: as the queue's settings say. */
  retries: number | null
  started_at: Date
  finished_at: Date | null
  fetched: number
  landed: number
  unchanged: number
  quarantined: number
  error_code: string | null
  error_message: string | null
}

type Db = Kysely<DB> | Transaction<DB>

export async function insertRun(
  trx: Transaction<DB>,
  run: { runId: string; lane: string; trigger: RunTrigger; owner: string; retries: number | null },
): Promise<void> {
  await sql`
    insert into ops.runs (run_id, lane, trigger, status, owner, retries)
    values (${run.runId}::uuid, ${run.lane}, ${run.trigger}, 'running', ${run.owner}, ${run.retries})
  `.execute(trx)
}

export async function insertStep(
  trx: Transaction<DB>,
  step: { runId: string; step: string; kind: StepKind; feed?: string; connection?: string; plan?: unknown },
): Promise<void> {
  const plan = step.plan === undefined ? null : JSON.stringify(step.plan)
  await sql`
    insert into ops.steps (run_id, step, kind, feed, connection, status, plan)
    values (${step.runId}::uuid, ${step.step}, ${step.kind}, ${step.feed ?? null}, ${step.connection ?? null}, 'pending',
      ${plan}::jsonb)
  `.execute(trx)
}

export async function readRun(db: Db, runId: string): Promise<Run | undefined> {
  const { rows } = await sql<Run>`select * from ops.runs where run_id = ${runId}::uuid`.execute(db)
  return rows[0]
}

export async function readSteps(db: Db, runId: string): Promise<Step[]> {
  const { rows } = await sql<Step>`
    select * from ops.steps where run_id = ${runId}::uuid
    order by array_position(array['extract', 'transform', 'enrich', 'build', 'deliver', 'sync'], kind), step
  `.execute(db)
  return rows
}

export async function readStep(db: Db, runId: string, step: string): Promise<Step> {
  const { rows } = await sql<Step>`select * from ops.steps where run_id = ${runId}::uuid and step = ${step}`.execute(db)
  const found = rows[0]
  if (found === undefined) throw new PipelineError('STEP_UNKNOWN', `Run ${runId} has no step ${step}.`, 'never')
  return found
}

/**
 * Throws RUN_SUPERSEDED unless the run is still the one that counts, and keeps it so until the transaction ends. A
 * worker that was cut off and comes back late can therefore not write for a run that another one has replaced.
 */
export async function assertRunning(trx: Transaction<DB>, runId: string): Promise<void> {
  const { rows } =
    await sql`select from ops.runs where run_id = ${runId}::uuid and status = 'running' for share`.execute(trx)
  if (rows.length === 0) throw superseded(runId)
}

/**
 * Like `assertRunning`, but one transaction at a time: taken first by every transaction that ends a step, so that of
 * two steps which end together the second sees the first.
 */
export async function lockRun(trx: Transaction<DB>, runId: string): Promise<void> {
  const { rows } =
    await sql`select from ops.runs where run_id = ${runId}::uuid and status = 'running' for update`.execute(trx)
  if (rows.length === 0) throw superseded(runId)
}

function superseded(runId: string): PipelineError {
  return new PipelineError(
    'RUN_SUPERSEDED',
    `Run ${runId} is no longer running; what it left is taken up by the next run.`,
    'never',
  )
}

/** Marks a step as being worked on; false when it is finished already or its run has ended. */
export async function startStep(db: Kysely<DB>, runId: string, step: string): Promise<boolean> {
  const { rows } = await sql`
    update ops.steps as s
    set status = 'running', attempts = s.attempts + 1, started_at = coalesce(s.started_at, now())
    from ops.runs as r
    where s.run_id = ${runId}::uuid and s.step = ${step} and s.status in ('pending', 'running')
      and r.run_id = s.run_id and r.status = 'running'
    returning s.step
  `.execute(db)
  return rows.length === 1
}

export async function setStepJob(
  trx: Transaction<DB>,
  runId: string,
  step: string,
  jobId: string | null,
): Promise<void> {
  if (jobId === null) return
  await sql`update ops.steps set job_id = ${jobId}::uuid where run_id = ${runId}::uuid and step = ${step}`.execute(trx)
}

export async function finishStep(
  trx: Transaction<DB>,
  runId: string,
  step: string,
  end: { status: 'succeeded' | 'failed' | 'skipped'; output?: unknown; error?: { code: string; message: string } },
): Promise<void> {
  const message = end.error === undefined ? null : withoutSecrets(end.error.message)
  await sql`
    update ops.steps set status = ${end.status}, finished_at = now(), error_code = ${end.error?.code ?? null},
      error_message = ${message}, output = coalesce(${end.output === undefined ? null : JSON.stringify(end.output)}::jsonb, output)
    where run_id = ${runId}::uuid and step = ${step} and status in ('pending', 'running')
  `.execute(trx)
}

/** Leaves a step open but says why its last attempt failed. */
export async function noteStepError(
  db: Kysely<DB>,
  runId: string,
  step: string,
  error: { code: string; message: string },
): Promise<void> {
  await sql`
    update ops.steps set error_code = ${error.code}, error_message = ${withoutSecrets(error.message)}
    where run_id = ${runId}::uuid and step = ${step} and status in ('pending', 'running')
  `.execute(db)
}

/** Keeps the counts of a step that is still open. */
export async function noteStepOutput(
  trx: Transaction<DB>,
  runId: string,
  step: string,
  output: unknown,
): Promise<void> {
  await sql`
    update ops.steps set output = ${JSON.stringify(output)}::jsonb where run_id = ${runId}::uuid and step = ${step}
  `.execute(trx)
}

export async function endRun(
  trx: Transaction<DB>,
  runId: string,
  end: { status: RunStatus; error?: { code: string; message: string } | undefined },
): Promise<void> {
  await sql`
    update ops.runs as r
    set status = ${end.status}, finished_at = now(), error_code = ${end.error?.code ?? null},
      error_message = ${end.error === undefined ? null : withoutSecrets(end.error.message)},
      fetched = s.fetched, landed = s.landed, unchanged = s.unchanged, quarantined = s.quarantined
    from (
      select coalesce(sum(fetched), 0) as fetched, coalesce(sum(landed), 0) as landed,
        coalesce(sum(unchanged), 0) as unchanged, coalesce(sum(quarantined), 0) as quarantined
      from ops.steps where run_id = ${runId}::uuid
    ) as s
    where r.run_id = ${runId}::uuid and r.status = 'running'
  `.execute(trx)
}

/** Ends the runs of a lane whose owner died; the caller holds the lane's lock, so no live owner is among them. */
export async function interruptLeftoverRuns(trx: Transaction<DB>, lane: string): Promise<string[]> {
  const { rows } = await sql<{ run_id: string }>`
    select run_id from ops.runs where lane = ${lane} and status = 'running' for update
  `.execute(trx)
  for (const { run_id } of rows) {
    const error = { code: 'OWNER_DIED', message: 'The process that owned this run ended before it did.' }
    await endRun(trx, run_id, { status: 'interrupted', error })
  }
  return rows.map((row) => row.run_id)
}

export async function readCursor(db: Db, feed: string, connection: string): Promise<unknown> {
  const { rows } = await sql<{ value: unknown }>`
    select value from ops.cursors where feed = ${feed} and connection = ${connection}
  `.execute(db)
  return rows[0]?.value ?? null
}

/** The cursor, kept as it is by whoever else would move it until the transaction ends. */
export async function lockCursor(trx: Transaction<DB>, feed: string, connection: string): Promise<unknown> {
  const { rows } = await sql<{ value: unknown }>`
    select value from ops.cursors where feed = ${feed} and connection = ${connection} for update
  `.execute(trx)
  return rows[0]?.value ?? null
}

export async function writeCursor(
  trx: Transaction<DB>,
  feed: string,
  connection: string,
  value: unknown,
  runId: string,
): Promise<void> {
  await sql`
    insert into ops.cursors (feed, connection, value, run_id)
    values (${feed}, ${connection}, ${JSON.stringify(value)}::jsonb, ${runId}::uuid)
    on conflict (feed, connection) do update set value = excluded.value, run_id = excluded.run_id, updated_at = now()
  `.execute(trx)
}
