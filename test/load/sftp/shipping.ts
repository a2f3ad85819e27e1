import { randomBytes, randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { systemClock } from '../../../core/clock.ts'
import type { SftpServer } from '../../../core/sftp/settings.ts'
import { planDelivery, readReceipts, type DeliveryReceipt, type PlannedFile } from '../../../load/sftp/ledger.ts'
import { deliverPending, type PendingOptions } from '../../../load/sftp/pending.ts'
import type { TestDatabase } from '../../support/database.ts'

/** Retries at once, so that no test waits for a backoff. */
export const AT_ONCE = { attempts: 100, baseMs: 0, maxMs: 0, brokenConnections: 3 }

export interface Attempt {
  attempt: number
  outcome: string | null
  error_code: string | null
}

/** One destination of a test's own, with its ledger. */
export interface Shipping {
  destination: string
  plan(file?: Partial<PlannedFile>): Promise<PlannedFile & { deliveryId: string }>
  send(server: SftpServer, options?: Partial<PendingOptions>): ReturnType<typeof deliverPending>
  receipts(): Promise<DeliveryReceipt[]>
  attempts(deliveryId: string): Promise<Attempt[]>
}

export function startShipping(database: TestDatabase): Shipping {
  const destination = `to-${randomUUID()}`
  return {
    destination,
    async plan(changes = {}) {
      const content = changes.content ?? randomBytes(20_000)
      const fileName = changes.fileName ?? `fleet_trips report_${randomUUID()}.xls`
      const file = { report: 'trips', connection: 'fleet', destination, folder: 'Import', rows: 7, ...changes }
      const planned = { ...file, content, fileName }
      const { deliveryId } = await database.db.transaction().execute((trx) => planDelivery(trx, planned, systemClock))
      return { ...planned, deliveryId }
    },
    send: (server, options = {}) =>
      deliverPending(database, server, {
        destination,
        signal: new AbortController().signal,
        policy: AT_ONCE,
        ...options,
      }),
    receipts: () => readReceipts(database.db, { destination, limit: 1000 }),
    async attempts(deliveryId) {
      const { rows } = await sql<Attempt>`
        select attempt, outcome, error_code from ops.delivery_attempts
        where delivery_id = ${deliveryId}::uuid order by attempt
      `.execute(database.db)
      return rows
    },
  }
}
