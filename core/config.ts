import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import type { Environment } from './config-environment.ts'
import { readChevin, readGeotab, type ChevinConfig, type GeotabConfig } from './config-geotab.ts'
import { configSchema, type ConfigFile } from './config-schema.ts'
import { readSecret, type ConfigProblem } from './config-secret.ts'
import { PipelineError } from './errors.ts'
import { Secret } from './secret.ts'

export interface FullbayShop {
  id: string
  name: string | undefined
  timeZone: string
  key: Secret
  quantityRule: 'q-returned' | 'demo'
}

export interface Config {
  /** Absolute path of the configuration file, or null when the built-in defaults are used. */
  path: string | null
  /** Absolute folder for the embedded database and other local state. */
  dataDir: string
  /** Address of the database, or null for the embedded one. Contains a password. */
  databaseUrl: Secret | null
  logLevel: ConfigFile['log_level']
  schedules: ConfigFile['schedules']
  fullbay: Omit<ConfigFile['fullbay'], 'shops'> & { shops: FullbayShop[] }
  geotab: GeotabConfig
  chevin: ChevinConfig
}

export const CONFIG_FILE = 'milepost.yaml'

/**
 * Reads `milepost.yaml` (found in `directory` or the nearest folder above it) and the environment, and checks all of
 * it. Throws one PipelineError CONFIG_INVALID that lists every problem with its path and what to do.
 */
export function loadConfig(directory: string, environment: Environment = process.env): Config {
  const path = findUpwards(directory)
  const problems: ConfigProblem[] = []
  const file = readConfigFile(path, problems)
  const parsed = configSchema.safeParse(file)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(describeIssue(issue))
    throw invalid(path, problems)
  }
  const settings = parsed.data
  const root = path === null ? resolve(directory) : dirname(path)
  const places = { root, environment, problems }
  const shops = settings.fullbay.shops.flatMap((shop, index) => {
    const at = `fullbay.shops[${index}].key`
    const reference = shop.key ?? { env: `FULLBAY_API_KEY_${shop.id.toUpperCase().replaceAll('-', '_')}` }
    const key = readSecret(reference, at, places)
    if (key !== null && key.reveal().length < 10) {
      problems.push({
        path: at,
        problem: 'the key is shorter than 10 characters',
        hint: 'copy the whole API key from Fullbay',
      })
    }
    if (key === null) return []
    const { id, name, time_zone, quantity_rule } = shop
    return [{ id, name, timeZone: time_zone, key, quantityRule: quantity_rule }]
  })
  checkFullbay(settings, problems)
  const geotab = readGeotab(settings.geotab, places)
  const chevin = readChevin(settings.chevin, settings.geotab, places)
  const databaseUrl = checkDatabaseUrl(environment['DATABASE_URL'], problems)
  if (problems.length > 0) throw invalid(path, problems)
  return {
    path,
    dataDir: isAbsolute(settings.data_dir) ? settings.data_dir : resolve(root, settings.data_dir),
    databaseUrl,
    logLevel: settings.log_level,
    schedules: settings.schedules,
    fullbay: { ...settings.fullbay, shops },
    geotab,
    chevin,
  }
}

function findUpwards(directory: string): string | null {
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const candidate = resolve(folder, CONFIG_FILE)
    if (existsSync(candidate)) return candidate
    if (folder === dirname(folder)) return null
  }
}

function readConfigFile(path: string | null, problems: ConfigProblem[]): unknown {
  if (path === null) return {}
  const document = parseDocument(readFileSync(path, 'utf8'))
  for (const error of document.errors) {
    const line = error.linePos?.[0].line ?? 1
    problems.push({
      path: `line ${line}`,
      problem: (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:$/, ''),
      hint: 'the file must be valid YAML',
    })
  }
  if (problems.length > 0) throw invalid(path, problems)
  return (document.toJS() as unknown) ?? {}
}

function describeIssue(issue: { path: PropertyKey[]; message: string; code: string; keys?: string[] }): ConfigProblem {
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  const at = path.replace(/^\./, '') || '(top level)'
  if (issue.code === 'unrecognized_keys') {
    const keys = (issue.keys ?? []).join(', ')
    return { path: at, problem: `unknown setting ${keys}`, hint: 'check the spelling against docs/configuration.md' }
  }
  return { path: at, problem: issue.message, hint: 'see docs/configuration.md' }
}

function checkFullbay(settings: ConfigFile, problems: ConfigProblem[]): void {
  const { shops, egress_ip, egress_ip_url, start_date } = settings.fullbay
  if (shops.length === 0) return
  if (egress_ip === undefined && egress_ip_url === undefined) {
    problems.push({
      path: 'fullbay.egress_ip',
      problem: 'missing, and Fullbay signs requests with the caller address',
      hint: 'set it to the fixed public IPv4 of this machine (or egress_ip_url to a service that tells it)',
    })
  }
  if (start_date === undefined) {
    problems.push({
      path: 'fullbay.start_date',
      problem: 'missing: the first run does not know how far back to read',
      hint: 'set the first invoice date you want, such as 2024-01-01',
    })
  }
}

function checkDatabaseUrl(value: string | undefined, problems: ConfigProblem[]): Secret | null {
  if (value === undefined || value.trim() === '') return null
  if (!URL.canParse(value) || !/^postgres(ql)?:$/.test(new URL(value).protocol)) {
    problems.push({
      path: 'DATABASE_URL',
      problem: 'not a Postgres address',
      hint: 'use postgres://user:password@host:5432/database, or unset it for the embedded database',
    })
    return null
  }
  const { password } = new URL(value)
  return new Secret(value, [password, decodeURIComponent(password)])
}

function invalid(path: string | null, problems: ConfigProblem[]): PipelineError {
  const lines = problems.map(({ path: at, problem, hint }) => `  ${at}: ${problem}\n    -> ${hint}`)
  const where = path ?? 'environment'
  return new PipelineError(
    'CONFIG_INVALID',
    `${problems.length} problem(s) in the configuration (${where}):\n${lines.join('\n')}`,
    'never',
  )
}
