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
  /** First day whose trips, positions, … are read; without it all that there is. */
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
  page_rows: z.int().min(1).max(50_000).default(10_000),
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
  /** How Device, User, Zone, Rule and Diagnostic are read whole, since their feeds do not tell all that is removed. */
  full_read: z
    .strictObject({
      enabled: z.boolean().default(true),
      every_hours: z.number().min(0).max(8760).default(24),
      /** With less than this share of what was known, an answer is in doubt, and nothing is taken to be gone. */
      least_share: z.number().min(0).max(1).default(0.5),
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

const remoteFile = z
  .string()
  .regex(/^[^\\\p{C}]{1,400}$/u, { error: 'expected the path of a file, such as Export/geotab/fwgeotabinfo.csv' })

/** Changes of Geotab devices by Chevin's vehicle file (docs/chevin-sync.md). */
const vehicleUpdates = z.strictObject({
  /** The kill switch. Without it: on between stand-ins, off as soon as a vendor is real. */
  enabled: z.boolean().optional(),
  /** Which Geotab database is changed; may be left out where there is one. */
  database: z.string().min(1).optional(),
  file: remoteFile.default('Export/geotab/fwgeotabinfo.csv'),
  /** A file that stands there when the vehicle file is complete. */
  marker: remoteFile.optional(),
  /** Groups below these may be given and taken; the groups themselves only with include_roots. */
  changeable_roots: z.array(z.string().min(1)).min(1).optional(),
  include_roots: z.boolean().default(false),
  /** The fields that may be changed at all. */
  fields: z
    .array(z.enum(['name', 'vin', 'groups']))
    .min(1)
    .default(['name', 'vin', 'groups']),
  blank_name: z.enum(['unchanged', 'serial']).default('unchanged'),
  blank_vin: z.enum(['unchanged', 'clear']).default('unchanged'),
  blank_groups: z.enum(['unchanged', 'clear']).default('unchanged'),
  unknown_group: z.enum(['ignore', 'reject']).default('ignore'),
  duplicates: z.enum(['reject', 'last']).default('reject'),
  /** A plan that changes more than this share of the fleet, or more devices than this, waits for approval. */
  max_percent: z.number().min(0).max(100).default(20),
  max_devices: z.int().min(0).max(1_000_000).default(50),
  /** Whether the result is sent back, and into which folder. */
  deliver_result: z.boolean().default(false),
  result_dir: z.string().min(1).default('Import'),
  /** Whether the file is moved to processed/ or rejected/ beside it. */
  archive: z.boolean().default(true),
  /** A file is complete when it looked the same so many times, so long apart. */
  polls: z.int().min(2).max(100).default(2),
  settle_seconds: z.number().min(0).max(3600).default(10),
  /** How long a file that seems to end within a row must have looked the same. */
  unfinished_seconds: z.number().min(0).max(86_400).default(900),
  /** The same for a file with fewer rows than the one before; without it unfinished_seconds, between stand-ins 0. */
  shrunk_seconds: z.number().min(0).max(86_400).optional(),
  max_file_mb: z.number().min(0.001).max(512).default(64),
  /** How often a change that fails in passing is tried, in all. */
  attempts: z.int().min(1).max(100).default(9),
  /** Days for which the bytes and rows of files and plans are kept; the audit of changes stays for ever. */
  keep_days: z.int().min(1).max(36_500).default(400),
})

export const chevinSchema = z.strictObject({
  sftp: sftp.optional(),
  import_dir: z.string().min(1).default('Import'),
  /** First part of the reports' file names, where a Geotab database has none of its own. */
  report_prefix: prefix.default('washingtongas'),
  reports: z.array(z.enum(REPORTS)).default([...REPORTS]),
  vehicle_updates: vehicleUpdates.prefault({}),
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
