import { sql, type Kysely, type Transaction } from 'kysely'
import { backoffMs } from '../../core/backoff.ts'
import { PipelineError } from '../../core/errors.ts'
import { withoutSecrets } from '../../core/secret.ts'
import type { DB } from '../../db/schema.ts'
import type { Breaker, DeliveryPolicy } from './breaker.ts'
import { sha256, type Receipt } from './deliver.ts'

/** A delivery that an attempt has begun on. */
export interface BegunDelivery {
  deliveryId: string
  folder: string
  fileName: string
  attempt: number
  /** Attempts of this round, this one included: a person can ask for another round. */
  tries: number
}

export interface DueDelivery {
  deliveryId: string
  folder: string
  fileName: string
}

interface Row {
  delivery_id: string
  folder: string
  file_name: string
  attempts: number
  attempts_before: number
}

const asDue = ({ delivery_id, folder, file_name }: Row): DueDelivery => ({
  deliveryId: delivery_id,
  folder,
  fileName: file_name,
})

/** What is due for a destination, oldest first, without those in `except`; all of it, or the first. */
export async function dueDeliveries(
  db: Kysely<DB> | Transaction<DB>,
  destination: string,
  except: ReadonlySet<string>,
  now: Date,
): Promise<DueDelivery[]> {
  return (await dueRows(db, destination, except, now, null)).map(asDue)
}

async function dueRows(
  db: Kysely<DB> | Transaction<DB>,
  destination: string,
  except: ReadonlySet<string>,
  now: Date,
  limit: number | null,
): Promise<Row[]> {
  // What is "sending" although nobody holds the destination's lock was left by a process that died.
  const { rows } = await sql<Row>`
    select delivery_id, folder, file_name, attempts, attempts_before from ops.deliveries
    where destination = ${destination} and status in ('planned', 'sending') and next_attempt_at <= ${now}
      and delivery_id <> all(${[...except]}::uuid[])
    order by created_at, report, part_number, file_name
    limit ${limit}
  `.execute(db)
  return rows
}

/**
 * Takes the next due delivery and writes down that an attempt on it begins, or returns null when nothing is due. One
 * whose attempts are used up (its process died each time) fails here instead, and is told to `gaveUp`.
 */
export async function beginAttempt(
  db: Kysely<DB>,
  destination: string,
  except: ReadonlySet<string>,
  policy: DeliveryPolicy,
  now: Date,
): Promise<{ begun: BegunDelivery | null; gaveUp: { due: DueDelivery; error: PipelineError }[] }> {
  return db.transaction().execute(async (trx) => {
    const gaveUp: { due: DueDelivery; error: PipelineError }[] = []
    const skipped = new Set(except)
    for (;;) {
      const [row] = await dueRows(trx, destination, skipped, now, 1)
      if (row === undefined) return { begun: null, gaveUp }
      await interruptLeftovers(trx, row.delivery_id, now)
      const tries = row.attempts - row.attempts_before + 1
      if (tries <= policy.attempts) {
        await insertAttempt(trx, row, now)
        return { begun: { ...asDue(row), attempt: row.attempts + 1, tries }, gaveUp }
      }
      const error = new PipelineError(
        'DELIVERY_INTERRUPTED',
        `${row.file_name}: none of ${policy.attempts} attempts came to an end, because their process died. ` +
          'Find out why, then queue the delivery again.',
        'never',
      )
      await failDelivery(trx, row.delivery_id, error)
      gaveUp.push({ due: asDue(row), error })
      skipped.add(row.delivery_id)
    }
  })
}

async function insertAttempt(trx: Transaction<DB>, row: Row, now: Date): Promise<void> {
  await sql`
    update ops.deliveries set status = 'sending', attempts = attempts + 1 where delivery_id = ${row.delivery_id}::uuid
  `.execute(trx)
  await sql`
    insert into ops.delivery_attempts (delivery_id, attempt, began_at)
    values (${row.delivery_id}::uuid, ${row.attempts + 1}, ${now})
  `.execute(trx)
}

async function interruptLeftovers(trx: Transaction<DB>, deliveryId: string, now: Date): Promise<void> {
  await sql`
    update ops.delivery_attempts set ended_at = ${now}, outcome = 'interrupted'
    where delivery_id = ${deliveryId}::uuid and ended_at is null
  `.execute(trx)
}

/** The bytes to send, checked against the ledger. Throws DELIVERY_CONTENT_MISSING. */
export async function readContent(db: Kysely<DB>, { deliveryId, fileName }: BegunDelivery): Promise<Buffer> {
  const { rows } = await sql<{ content: Buffer | null; sha256: string }>`
    select f.content, d.sha256 from ops.deliveries as d left join ops.delivery_files as f using (delivery_id)
    where delivery_id = ${deliveryId}::uuid
  `.execute(db)
  const [found] = rows
  if (found?.content !== undefined && found.content !== null && sha256(found.content) === found.sha256) {
    return found.content
  }
  throw new PipelineError(
    'DELIVERY_CONTENT_MISSING',
    `${fileName}: the ledger no longer holds the bytes that were planned. Make the report again under a new name.`,
    'never',
  )
}

/** Writes the receipt. False when the delivery has passed to another process in the meantime. */
export async function recordDelivered(
  db: Kysely<DB>,
  { deliveryId, attempt }: BegunDelivery,
  receipt: Receipt & { seconds: number; address: string },
  now: Date,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql`
      update ops.deliveries
      set status = 'delivered', delivered_at = ${now}, error_code = null, error_message = null,
        was_there = ${receipt.wasThere}, remote_size = ${receipt.remoteSize},
        remote_modified_at = ${receipt.remoteModifiedAt}, server_address = ${receipt.address},
        server_fingerprint = ${receipt.fingerprint}, read_back = ${receipt.readBack}, seconds = ${receipt.seconds}
      where delivery_id = ${deliveryId}::uuid and status = 'sending' and attempts = ${attempt}
      returning delivery_id
    `.execute(trx)
    if (rows.length === 0) return false
    await endAttempt(trx, deliveryId, attempt, 'delivered', null, now)
    return true
  })
}

export interface FailedAttempt {
  outcome: 'retry' | 'failed' | 'conflict'
  nextAttemptAt: Date | null
}

/** Writes down how an attempt failed, and when the next one is due if there is to be one. */
export async function recordFailure(
  db: Kysely<DB>,
  { deliveryId, attempt, tries }: BegunDelivery,
  error: PipelineError,
  policy: DeliveryPolicy,
  now: Date,
): Promise<FailedAttempt> {
  const isLast = error.retry === 'never' || tries >= policy.attempts
  const outcome = error.code === 'SFTP_CONFLICT' ? 'conflict' : isLast ? 'failed' : 'retry'
  const nextAttemptAt = outcome === 'retry' ? new Date(now.getTime() + backoffMs(policy, tries)) : null
  await db.transaction().execute(async (trx) => {
    await sql`
      update ops.deliveries
      set status = ${outcome === 'retry' ? 'planned' : outcome}, error_code = ${error.code},
        error_message = ${withoutSecrets(error.message)}, next_attempt_at = ${nextAttemptAt ?? now}
      where delivery_id = ${deliveryId}::uuid and status = 'sending' and attempts = ${attempt}
    `.execute(trx)
    await endAttempt(trx, deliveryId, attempt, outcome, error, now)
  })
  return { outcome, nextAttemptAt }
}

/** Gives a delivery back for the next call, without counting the attempt: we were told to stop in the middle of it. */
export async function recordInterruption(
  db: Kysely<DB>,
  { deliveryId, attempt }: BegunDelivery,
  now: Date,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`
      update ops.deliveries set status = 'planned', attempts_before = attempts_before + 1
      where delivery_id = ${deliveryId}::uuid and status = 'sending' and attempts = ${attempt}
    `.execute(trx)
    await endAttempt(trx, deliveryId, attempt, 'interrupted', null, now)
  })
}

async function endAttempt(
  trx: Transaction<DB>,
  deliveryId: string,
  attempt: number,
  outcome: 'delivered' | 'interrupted' | FailedAttempt['outcome'],
  error: PipelineError | null,
  now: Date,
): Promise<void> {
  await sql`
    update ops.delivery_attempts
    set ended_at = ${now}, outcome = ${outcome}, error_code = ${error?.code ?? null},
      error_message = ${error === null ? null : withoutSecrets(error.message)}
    where delivery_id = ${deliveryId}::uuid and attempt = ${attempt} and ended_at is null
  `.execute(trx)
}

/** Fails everything else that is due: the destination refuses us as a whole, and asking again cannot help. */
export async function failDue(
  db: Kysely<DB>,
  destination: string,
  except: ReadonlySet<string>,
  error: PipelineError,
  now: Date,
): Promise<DueDelivery[]> {
  return db.transaction().execute(async (trx) => {
    const due = await dueDeliveries(trx, destination, except, now)
    for (const { deliveryId } of due) {
      await interruptLeftovers(trx, deliveryId, now)
      await failDelivery(trx, deliveryId, error)
    }
    return due
  })
}

async function failDelivery(trx: Transaction<DB>, deliveryId: string, error: PipelineError): Promise<void> {
  await sql`
    update ops.deliveries
    set status = 'failed', error_code = ${error.code}, error_message = ${withoutSecrets(error.message)}
    where delivery_id = ${deliveryId}::uuid
  `.execute(trx)
}

export async function readBreaker(db: Kysely<DB>, destination: string): Promise<Breaker | null> {
  const { rows } = await sql<{ failures: number; open_until: Date; error_code: string; error_message: string }>`
    select failures, open_until, error_code, error_message from ops.delivery_breakers where destination = ${destination}
  `.execute(db)
  const [found] = rows
  if (found === undefined) return null
  const { failures, open_until: openUntil, error_code: code, error_message: message } = found
  return { failures, openUntil, code, message }
}

export async function writeBreaker(db: Kysely<DB>, destination: string, breaker: Breaker, now: Date): Promise<void> {
  const { failures, openUntil, code } = breaker
  const message = withoutSecrets(breaker.message)
  await sql`
    insert into ops.delivery_breakers (destination, failures, open_until, error_code, error_message, updated_at)
    values (${destination}, ${failures}, ${openUntil}, ${code}, ${message}, ${now})
    on conflict (destination) do update
    set failures = excluded.failures, open_until = excluded.open_until, error_code = excluded.error_code,
      error_message = excluded.error_message, updated_at = excluded.updated_at
  `.execute(db)
}

export async function clearBreaker(db: Kysely<DB>, destination: string): Promise<void> {
  await sql`delete from ops.delivery_breakers where destination = ${destination}`.execute(db)
}
