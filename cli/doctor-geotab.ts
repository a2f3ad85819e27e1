import { systemClock, type Clock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import type { GeotabDatabase } from '../core/config-geotab.ts'
import { openGeotab, type GeotabClient } from '../extract/geotab/client.ts'
import { geotabRateLimiter } from '../extract/geotab/rate-limiter.ts'
import {
  ANSWER_SECONDS,
  examined,
  isThisMachine,
  LEFT_OUT,
  PATIENCE_SECONDS,
  problemOf,
  type Finding,
} from './doctor-finding.ts'
import { examineRoots, updatedDatabase } from './doctor-vehicles.ts'
import { usesStandIns } from './stand-ins.ts'

const CLOCK_SKEW_SECONDS = 30
const COMPANY_GROUP = 'GroupCompanyId'
const READ_ONLY_CLEARANCES = ['GroupViewOnlySecurityId', 'GroupNothingSecurityId']

/** Examines every configured Geotab database: one login each and a handful of small reads. */
export async function examineGeotab(
  config: Config,
  { seconds = PATIENCE_SECONDS, clock = systemClock }: { seconds?: number; clock?: Clock } = {},
): Promise<Finding[]> {
  const { databases } = config.geotab
  if (usesStandIns(config)) {
    const found = 'sandbox: nothing is configured, so a built-in stand-in with a made-up fleet is read'
    const fix = 'to read your own, list your databases in milepost.yaml (docs/configuration.md)'
    return [{ check: 'geotab', status: 'note', found, fix }]
  }
  if (databases.length === 0) {
    return [{ check: 'geotab', status: 'note', found: LEFT_OUT, fix: 'to read it, list geotab.databases' }]
  }
  const all = databases.map((database) =>
    examined(`geotab ${database.id}`, seconds, (findings, signal) =>
      examineDatabase(config, database, clock, findings, signal),
    ),
  )
  return (await Promise.all(all)).flat()
}

/** Whether a database is one of a stand-in: no host name, but the address of this machine. */
export function isStandIn({ server }: GeotabDatabase): boolean {
  return URL.canParse(server) && isThisMachine(new URL(server).hostname)
}

async function examineDatabase(
  config: Config,
  database: GeotabDatabase,
  clock: Clock,
  findings: Finding[],
  signal: AbortSignal,
): Promise<void> {
  const check = `geotab ${database.id}`
  if (isStandIn(database)) {
    const found = `a stand-in on this machine (${database.server}): its fleet is made up`
    findings.push({ check, status: 'note', found })
  }
  const client = opened(config, database, clock)
  const login = await attempt(check, fixesFor(config, database), signal, () => examineLogin(client, database, signal))
  findings.push(login)
  if (login.status === 'problem') return
  const more: [string, () => Promise<Finding>][] = [
    [`${check} clock`, () => examineClock(client, clock, `${check} clock`, signal)],
    [`${check} rights`, () => examineRights(client, database, config, signal)],
  ]
  if (updatedDatabase(config) === database.id) {
    more.push([`${check} groups`, () => examineRoots(client, config, signal)])
  }
  for (const [name, examine] of more) {
    findings.push(await attempt(name, fixesFor(config, database), signal, examine))
  }
}

/** A finding, or what was thrown as a problem; only the end of our patience ends the examination. */
async function attempt(
  check: string,
  fixes: Record<string, string>,
  signal: AbortSignal,
  examine: () => Promise<Finding>,
): Promise<Finding> {
  try {
    return await examine()
  } catch (error) {
    signal.throwIfAborted()
    return problemOf(check, error, fixes)
  }
}

/** A client that does not wait: a person does. */
function opened({ geotab }: Config, database: GeotabDatabase, clock: Clock): GeotabClient {
  const timeoutSeconds = Math.min(geotab.timeout_seconds, ANSWER_SECONDS)
  return openGeotab({
    connection: database.id,
    server: database.server,
    allowedHostSuffixes: geotab.allowed_hosts,
    database: database.database,
    userName: database.user_name,
    password: database.password,
    timeoutSeconds,
    feedTimeoutSeconds: timeoutSeconds,
    maxReplyBytes: geotab.max_reply_mb * 1_048_576,
    retry: { attempts: 1, baseMs: 1, maxMs: 1 },
    limiter: geotabRateLimiter({ pacing: 0 }),
    clock,
  })
}

async function examineLogin(client: GeotabClient, database: GeotabDatabase, signal: AbortSignal): Promise<Finding> {
  const version = await client.call('GetVersion', {}, { signal })
  const where = `database ${database.database} at ${database.server}, user ${database.user_name}`
  const found = `${where}: the login works, server version ${textOf(version)}`
  return { check: `geotab ${database.id}`, status: 'ok', found }
}

async function examineClock(client: GeotabClient, clock: Clock, check: string, signal: AbortSignal): Promise<Finding> {
  const sentMs = clock.now().getTime()
  const told = await client.call('GetSystemTimeUtc', {}, { signal })
  const backMs = clock.now().getTime()
  const skew = (Date.parse(textOf(told)) - (sentMs + backMs) / 2) / 1000
  if (Number.isNaN(skew)) return { check, status: 'note', found: `Geotab tells no time that can be read` }
  const found = `${Math.abs(skew).toFixed(1)} s between this machine and Geotab`
  if (Math.abs(skew) <= CLOCK_SKEW_SECONDS) return { check, status: 'ok', found }
  const behind = skew > 0 ? 'behind' : 'ahead'
  return {
    check,
    status: 'problem',
    found: `${found}: this machine is ${behind}`,
    fix: "synchronise this machine's clock",
  }
}

async function examineRights(
  client: GeotabClient,
  database: GeotabDatabase,
  config: Config,
  signal: AbortSignal,
): Promise<Finding> {
  const check = `geotab ${database.id} rights`
  const { user_name } = database
  const devices = Number(await client.call('GetCountOf', { typeName: 'Device' }, { signal }))
  const search = { name: user_name }
  const records = (await client.call('Get', { typeName: 'User', search }, { signal, expect: 'list' })) as unknown[]
  const own = records.map(fieldsOf).find(({ name }) => textOf(name).toLowerCase() === user_name.toLowerCase()) ?? {}
  const [groups, clearances] = [idsOf(own['companyGroups']), idsOf(own['securityGroups'])]
  const found =
    `${devices} devices can be read; groups ${groups.join(', ') || 'not known'}; ` +
    `clearance ${clearances.join(', ') || 'not known'}`
  const advice = 'in MyGeotab, Administration > Users:'
  if (devices === 0) {
    return { check, status: 'problem', found, fix: `${advice} give ${user_name} the groups that hold the vehicles` }
  }
  const mayWrite = !(clearances.length > 0 && clearances.every((id) => READ_ONLY_CLEARANCES.includes(id)))
  if (updatedDatabase(config) === database.id && !mayWrite) {
    const fix = `${advice} give ${user_name} a clearance that may edit devices, or set chevin.vehicle_updates.enabled to false`
    return { check, status: 'problem', found, fix }
  }
  if (groups.length === 0 || groups.includes(COMPANY_GROUP)) return { check, status: 'ok', found }
  const fix = `vehicles of other groups are not read; ${advice} give ${user_name} the company group to read them all`
  return { check, status: 'note', found, fix }
}

const fieldsOf = (value: unknown) =>
  (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
const idsOf = (groups: unknown) =>
  (Array.isArray(groups) ? groups : []).map((group) => textOf(fieldsOf(group)['id'])).filter((id) => id !== '')

function fixesFor({ geotab }: Config, { id }: GeotabDatabase): Record<string, string> {
  const at = `geotab.databases[${geotab.databases.findIndex((one) => one.id === id)}]`
  const variable = `GEOTAB_PASSWORD_${id.toUpperCase().replaceAll('-', '_')}`
  const network = `check the network, a proxy, and ${at}.server`
  const later = 'wait some minutes and ask again: npx milepost doctor'
  return {
    GEOTAB_AUTH: `correct ${at}.user_name, or the password (${variable}, unless ${at}.password names another place)`,
    GEOTAB_DATABASE_UNKNOWN: `correct ${at}.database`,
    GEOTAB_DENIED: 'give the user the clearance for this in MyGeotab, Administration > Users',
    GEOTAB_REDIRECT_REFUSED: 'if the vendor did move the database, add its host to geotab.allowed_hosts',
    GEOTAB_SERVER: `correct ${at}.server`,
    GEOTAB_UNREACHABLE: network,
    GEOTAB_TIMEOUT: network,
    GEOTAB_NOT_JSON: network,
    GEOTAB_UNAVAILABLE: later,
    GEOTAB_BUSY: later,
  }
}
