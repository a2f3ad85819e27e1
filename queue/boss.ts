import { fromKysely, PgBoss } from 'pg-boss'
import type { Transaction } from 'kysely'
import type { Secret } from '../core/secret.ts'
import type { Logger } from '../core/logger.ts'
import type { DB } from '../db/schema.ts'
import { DEAD_LETTERS, QUEUES, type QueueName } from './catalogue.ts'

/** What a job carries: which step of which run. Never data, never a secret. */
export interface JobData {
  run_id: string
  step: string
  /** How often the step is tried again, where that is less than the catalogue says. */
  retries?: number
}

/** Opens the queue; installs or migrates its schema and makes its queues match the catalogue. The caller stops it. */
export async function openQueue(databaseUrl: Secret, logger: Logger, options: { schedules: boolean }): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: databaseUrl.reveal(),
    // The embedded server counts its users by this name (db/embedded/session.ts).
    application_name: `milepost:${process.pid} queue`,
    schema: 'pgboss',
    max: 4,
    useListenNotify: true,
    schedule: options.schedules,
  })
  boss.on('error', (error) => logger.error({ err: error }, 'queue error'))
  boss.on('warning', (warning) => logger.warn({ warning }, 'queue warning'))
  await boss.start()
  await boss.createQueue(DEAD_LETTERS, { retentionSeconds: 90 * 86_400, deleteAfterSeconds: 0 })
  for (const [name, queue] of Object.entries(QUEUES)) {
    const { policy, concurrency: _, ...settings } = queue
    const changeable = { ...settings, deadLetter: DEAD_LETTERS, notify: true }
    const held = await boss.getQueue(name)
    if (held === null) await boss.createQueue(name, { policy, ...changeable })
    else await boss.updateQueue(name, changeable)
  }
  return boss
}

/** Takes the jobs of ended runs out of the queues, those that a dead worker holds included. */
export async function cancelJobs(boss: PgBoss, trx: Transaction<DB>, runIds: string[]): Promise<void> {
  const db = fromKysely(trx)
  for (const run_id of runIds) {
    for (const queue of Object.keys(QUEUES)) {
      const jobs = await boss.findJobs(queue, { data: { run_id }, db })
      const open = jobs.filter((job) => /^(created|retry|active)$/.test(job.state)).map((job) => job.id)
      if (open.length > 0) await boss.cancel(queue, open, { db })
    }
  }
}

/** Enqueues a step's job in the caller's transaction, so that it exists if and only if the work before it is committed. */
export async function sendJob(
  boss: PgBoss,
  trx: Transaction<DB>,
  queue: QueueName,
  data: JobData,
): Promise<string | null> {
  return await boss.send(queue, data, { singletonKey: `${data.run_id}/${data.step}`, db: fromKysely(trx) })
}
