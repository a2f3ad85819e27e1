import type { z } from 'zod'
import type { chevinSchema, geotabSchema } from './config-geotab-schema.ts'
import { readSecret, type SecretPlaces } from './config-secret.ts'
import type { Secret } from './secret.ts'

type GeotabFile = z.infer<typeof geotabSchema>
type ChevinFile = z.infer<typeof chevinSchema>
type DatabaseFile = GeotabFile['databases'][number]

export interface GeotabDatabase extends Omit<DatabaseFile, 'password'> {
  password: Secret
}

/** Settings of Geotab: what holds for all databases, and the databases to read. */
export interface GeotabConfig extends Omit<GeotabFile, 'databases'> {
  databases: GeotabDatabase[]
}

type SftpFile = NonNullable<ChevinFile['sftp']>

export interface ChevinSftp extends Omit<SftpFile, 'password' | 'private_key' | 'passphrase'> {
  password: Secret | null
  private_key: Secret | null
  passphrase: Secret | null
}

/** Where Chevin's files go to and come from; `sftp` is null when no server is configured. */
export interface ChevinConfig extends Omit<ChevinFile, 'sftp'> {
  sftp: ChevinSftp | null
}

/** Resolves the secrets of the Geotab section; what is missing is added to the problems. */
export function readGeotab(file: GeotabFile, places: SecretPlaces): GeotabConfig {
  const databases = file.databases.flatMap((entry, index) => {
    const reference = entry.password ?? { env: `GEOTAB_PASSWORD_${entry.id.toUpperCase().replaceAll('-', '_')}` }
    const password = readSecret(reference, `geotab.databases[${index}].password`, places)
    return password === null ? [] : [{ ...entry, password }]
  })
  return { ...file, databases }
}

/** Resolves the secrets of the Chevin section, and refuses a server that could not be told from another. */
export function readChevin(file: ChevinFile, geotab: GeotabFile, places: SecretPlaces): ChevinConfig {
  checkPrefixes(file, geotab, places)
  checkVehicleUpdates(file, geotab, places)
  if (file.sftp === undefined) return { ...file, sftp: null }
  const { password, private_key, passphrase, ...server } = file.sftp
  if (password === undefined && private_key === undefined) {
    places.problems.push({
      path: 'chevin.sftp',
      problem: 'neither a password nor a private key',
      hint: 'add password: {env: NAME} or private_key: {file: PATH}',
    })
  }
  if (server.host_keys.length === 0) {
    places.problems.push({
      path: 'chevin.sftp.host_keys',
      problem: 'missing: without it any server could pose as this one',
      hint: `ask the server's keeper for its SHA256 fingerprint, and compare: ssh-keyscan -p ${server.port} ${server.host} | ssh-keygen -lf -`,
    })
  }
  const secret = (name: string, reference: typeof password) =>
    reference === undefined ? null : readSecret(reference, `chevin.sftp.${name}`, places)
  const sftp = {
    ...server,
    password: secret('password', password),
    private_key: secret('private_key', private_key),
    passphrase: secret('passphrase', passphrase),
  }
  return { ...file, sftp }
}

// Two databases with one prefix would write files of the same name.
function checkPrefixes(file: ChevinFile, geotab: GeotabFile, places: SecretPlaces): void {
  const prefixes = geotab.databases.map((one) => (one.report_prefix ?? file.report_prefix).toLowerCase())
  const twice = prefixes.findIndex((one, index) => prefixes.indexOf(one) !== index)
  if (twice === -1) return
  places.problems.push({
    path: `geotab.databases[${twice}].report_prefix`,
    problem: `another database has the prefix ${prefixes[twice]} too, so their reports would have the same names`,
    hint: 'give each database a report_prefix of its own',
  })
}

/** What a fleet would be changed by without somebody having said so. */
function checkVehicleUpdates({ vehicle_updates, sftp }: ChevinFile, geotab: GeotabFile, places: SecretPlaces): void {
  const { enabled, database, changeable_roots } = vehicle_updates
  const ids = geotab.databases.map(({ id }) => id)
  const problem = (setting: string, text: string, hint: string) =>
    places.problems.push({ path: `chevin.vehicle_updates.${setting}`, problem: text, hint })
  if (database !== undefined && ids.length > 0 && !ids.includes(database)) {
    problem('database', `there is no Geotab database ${database}`, `it is one of ${ids.join(', ')}`)
  }
  if (enabled !== true || ids.length === 0) return
  if (database === undefined && ids.length > 1) {
    problem('database', 'missing, and there are several', `say which is changed: ${ids.join(', ')}`)
  }
  if (changeable_roots === undefined) {
    problem('changeable_roots', 'missing', 'list the ids of the groups below which devices may be moved')
  }
  if (sftp === undefined) {
    problem(
      'enabled',
      'there is no chevin.sftp, and a made-up file never changes a real fleet',
      'configure chevin.sftp',
    )
  }
}
