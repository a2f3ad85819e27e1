import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { PgBoss } from 'pg-boss'
import type { Clock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import type { DB } from '../db/schema.ts'
import type { ChevinTarget } from './chevin/target.ts'
import type { FullbaySource } from './fullbay/source.ts'
import type { GeotabSource } from './geotab/source.ts'

/** What every job needs, opened once per process. */
export interface PipelineContext {
  config: Config
  pool: Pool
  db: Kysely<DB>
  boss: PgBoss
  logger: Logger
  /** Where failed steps are logged; silent where a command shows them itself. */
  stepLogger: Logger
  clock: Clock
  /** Folder of `dbt_project.yml`. */
  projectDir: string
  fullbay: FullbaySource
  geotab: GeotabSource
  /** Null when no server of Chevin is configured: nothing is sent, and no vehicle file is read. */
  chevin: ChevinTarget | null
  /** Aborts when the process was asked to drain: jobs stop at the next page, batch or statement. */
  drain: AbortSignal
}
