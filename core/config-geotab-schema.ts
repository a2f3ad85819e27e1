import { z } from 'zod'
import { isTimeZone } from './date-window.ts'
import { retry, secretReference } from './config-values.ts'

const host = z.string().regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/, {
  error: 'expected a host name such as my.geotab.com, in lower case and without https://',
})

const timeZone = z
  .string()
  .refine(isTimeZone, { error: 'not a known time zone; use an IANA name such as America/New_York' })

const prefix = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 .-]{0,59}$/, {
  error: 'letters, digits, spaces, dots and hyphens, at most 60: it begins the names of files',
})

const database = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, { error: 'letters, digits, - and _ only, at most 40' }),
  name: z.string().min(1).optional(),
  /** A host of Geotab, or the address of a stand-in on this machine. */
  server: z
    .union([host, z.string().regex(/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/)], {
      error: 'expected a host name such as my.geotab.com, or http://127.0.0.1:<port> of a stand-in',
    })
    .default('my.geotab.com'),
  database: z.string().min(1),
  user_name: z.string().min(1),
  password: secretReference.optional(),
  /** Zone of the clocks that the reports show. */
  time_zone: timeZone.default('America/New_York'),
  /** First day whose trips, positions, … are read; without it the feeds begin with what is new. */
  start_date: z.iso.date({ error: 'expected a calendar date, YYYY-MM-DD' }).optional(),
  /** Unit of Trip.distance: kilometres by documentation, metres in some databases. */
  trip_distance_unit: z.enum(['auto', 'km', 'm']).default('auto'),
  report_prefix: prefix.optional(),
})

export const DEFAULT_DIAGNOSTICS = [
  'DiagnosticOdometerId',
  'DiagnosticRawOdometerId',
  'DiagnosticOdometerAdjustmentId',
  'DiagnosticEngineHoursId',
  'DiagnosticEngineHoursAdjustmentId',
]

export const geotabSchema = z.strictObject({
  allowed_hosts: z.array(host).min(1).default(['geotab.com']),
  /** Diagnostics of which readings (StatusData) are kept. */
  diagnostics: z.array(z.string().min(1)).min(1).default(DEFAULT_DIAGNOSTICS),
  page_rows: z.int().min(1).max(50_000).default(20_000),
  /** Multiplies the pauses between calls; 0 only for a server of your own. */
  pacing: z.number().min(0).max(10).default(1),
  timeout_seconds: z.number().min(0.05).max(3600).default(60),
  feed_timeout_seconds: z.number().min(0.05).max(3600).default(180),
  max_reply_mb: z.number().min(0.01).max(1024).default(256),
  retry,
  addresses: z
    .strictObject({
      enabled: z.boolean().default(true),
      per_run: z.int().min(0).default(5000),
      budget_seconds: z.number().min(0).max(3600).default(60),
      /** After so many days a coordinate's address is asked for again. */
      keep_days: z.int().min(1).max(3650).default(180),
    })
    .prefault({}),
  positions: z
    .strictObject({
      max_gap_seconds: z.int().min(1).max(86_400).default(300),
      nearest_seconds: z.int().min(0).max(86_400).default(60),
      /** Positions per run that Geotab is asked to interpolate where our records leave a gap. */
      vendor_per_run: z.int().min(0).max(10_000).default(50),
    })
    .prefault({}),
  databases: z
    .array(database)
    .default([])
    .refine((databases) => new Set(databases.map((one) => one.id)).size === databases.length, {
      error: 'two databases have the same id',
    }),
})

export const REPORTS = ['asset_status', 'trips_history', 'exceptions_details', 'engine_faults'] as const
export type ReportName = (typeof REPORTS)[number]

const sftp = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(22),
  user: z.string().min(1),
  password: secretReference.optional(),
  private_key: secretReference.optional(),
  passphrase: secretReference.optional(),
  /** Fingerprints `SHA256:…` of the server's key; two while it is being changed. */
  host_keys: z
    .array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, { error: 'expected SHA256:<43 characters>' }))
    .default([]),
  connect_timeout_seconds: z.number().min(0.05).max(600).default(20),
  operation_timeout_seconds: z.number().min(0.05).max(3600).default(120),
})

export const chevinSchema = z.strictObject({
  sftp: sftp.optional(),
  import_dir: z.string().min(1).default('Import'),
  /** First part of the reports' file names, where a Geotab database has none of its own. */
  report_prefix: prefix.default('washingtongas'),
  reports: z.array(z.enum(REPORTS)).default([...REPORTS]),
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(100).default(8),
      base_ms: z.int().min(1).default(60_000),
      max_ms: z.int().min(1).max(86_400_000).default(3_600_000),
    })
    .prefault({}),
  /** Days for which the bytes of delivered files are kept. */
  keep_files_days: z.int().min(0).max(3650).default(30),
})
