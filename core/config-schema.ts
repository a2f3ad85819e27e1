import { z } from 'zod'
import { chevinSchema, geotabSchema } from './config-geotab-schema.ts'
import { retry, secretReference } from './config-values.ts'
import { cronProblem } from './cron.ts'
import { isTimeZone } from './date-window.ts'

const date = z.iso.date({ error: 'expected a calendar date, YYYY-MM-DD' })
const timeZone = z
  .string()
  .refine(isTimeZone, { error: 'not a known time zone; use an IANA name such as America/Detroit' })
const cron = z.string().superRefine((expression, context) => {
  const problem = cronProblem(expression)
  if (problem !== null) context.addIssue({ code: 'custom', message: `not a cron expression: ${problem}` })
})

const fullbayShop = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, { error: 'letters, digits, - and _ only, at most 40' }),
  name: z.string().min(1).optional(),
  time_zone: timeZone,
  key: secretReference.optional(),
  quantity_rule: z.enum(['q-returned', 'demo']).default('q-returned'),
})

const fullbay = z.strictObject({
  base_url: z
    .url({ protocol: /^https?$/, error: 'expected an http(s) URL' })
    .default('https://app.fullbay.com/services/'),
  egress_ip: z.ipv4({ error: 'expected the IPv4 address that Fullbay sees your requests come from' }).optional(),
  egress_ip_url: z
    .url({ protocol: /^https?$/, error: 'expected the URL of a service that answers with your address' })
    .optional(),
  start_date: date.optional(),
  window_days: z.int().min(1).max(7).default(7),
  /** How far back recent windows are read again for late edits, and how often. */
  repull: z.array(z.strictObject({ every_days: z.int().min(0), back_days: z.int().min(0).max(3650) })).default([
    { every_days: 0, back_days: 3 },
    { every_days: 7, back_days: 35 },
    { every_days: 30, back_days: 100 },
  ]),
  request_interval_ms: z.int().min(0).default(500),
  timeout_seconds: z.number().min(0.05).max(3600).default(120),
  max_reply_mb: z.number().min(0.01).max(1024).default(64),
  retry,
  shops: z
    .array(fullbayShop)
    .default([])
    .refine((shops) => new Set(shops.map((shop) => shop.id)).size === shops.length, {
      error: 'two shops have the same id',
    }),
})

export const configSchema = z.strictObject({
  data_dir: z.string().min(1).default('.milepost'),
  log_level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
  schedules: z.strictObject({ pipeline: cron.default('15 * * * *'), time_zone: timeZone.default('UTC') }).prefault({}),
  fullbay: fullbay.prefault({}),
  geotab: geotabSchema.prefault({}),
  chevin: chevinSchema.prefault({}),
})

export type ConfigFile = z.infer<typeof configSchema>
