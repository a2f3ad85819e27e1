import { randomBytes } from 'node:crypto'
import type { Config } from '../core/config.ts'
import { PipelineError } from '../core/errors.ts'
import { folderOf, remotePath } from '../core/sftp/names.ts'
import { openSftp, type SftpSession } from '../core/sftp/session.ts'
import { configuredChevin, reportsNotSent } from '../queue/chevin/target.ts'
import {
  ANSWER_SECONDS,
  examined,
  isThisMachine,
  LEFT_OUT,
  PATIENCE_SECONDS,
  problemOf,
  type Finding,
} from './doctor-finding.ts'
import { isStandIn } from './doctor-geotab.ts'
import { updatedDatabase } from './doctor-vehicles.ts'
import { usesStandIns } from './stand-ins.ts'

const LOGIN_SECONDS = 10
const MOST_NAMES = 1000
const TRIAL = Buffer.from('milepost doctor\n')

interface Options {
  /** Whether files may be made for a moment, to see whether that is permitted. */
  trial: boolean
  seconds?: number
}

/** Examines the SFTP server that reports go to: its key, the login, its folders and what is permitted there. */
export async function examineSftp(config: Config, options: Options): Promise<Finding[]> {
  const target = configuredChevin(config)
  if (target === null) {
    const notSent = reportsNotSent(config)
    const leftOut = notSent === null ? LEFT_OUT : `reports are not sent: ${notSent}`
    const found = usesStandIns(config)
      ? 'sandbox: nothing is configured, so reports go to a built-in stand-in'
      : leftOut
    const fix = 'to send reports, configure chevin.sftp in milepost.yaml (docs/configuration.md)'
    return [{ check: 'sftp', status: 'note', found, fix }]
  }
  const mixed = examineMixture(config)
  const rest = await examined('sftp', options.seconds ?? PATIENCE_SECONDS, async (findings, signal) => {
    const server = {
      ...target.server,
      connectTimeoutSeconds: Math.min(target.server.connectTimeoutSeconds, LOGIN_SECONDS),
      operationTimeoutSeconds: Math.min(target.server.operationTimeoutSeconds, ANSWER_SECONDS),
    }
    let session: SftpSession
    try {
      session = await openSftp(server, { signal })
    } catch (error) {
      signal.throwIfAborted()
      findings.push(problemOf('sftp', error, LOGIN_FIXES))
      return
    }
    try {
      const found = `${server.user} at ${server.host}:${server.port}: the login works, host key ${session.fingerprint} as pinned`
      findings.push({ check: 'sftp', status: 'ok', found })
      findings.push(await examineImport(session, target.importDir, options.trial))
      signal.throwIfAborted()
      findings.push(...(await examineExport(session, config, options.trial)))
    } finally {
      await session.close()
    }
  })
  return [...mixed, ...rest]
}

/** Stand-ins and real servers together: what is made up must not reach what is real. */
function examineMixture({ geotab, chevin }: Config): Finding[] {
  if (chevin.sftp === null) return []
  const { host } = chevin.sftp
  const check = 'sftp'
  if (geotab.databases.length === 0) {
    const found = `nothing is delivered to ${host}: no Geotab database is configured`
    return [{ check, status: 'note', found, fix: 'list your databases under geotab.databases' }]
  }
  const made = geotab.databases.filter(isStandIn).map(({ id }) => id)
  if (!isThisMachine(host)) {
    if (made.length === 0) return []
    const found = `reports of ${made.join(', ')}, whose fleet is made up, would go to ${host}, which is no stand-in`
    return [{ check, status: 'problem', found, fix: 'take the stand-in out of geotab.databases, or chevin.sftp' }]
  }
  const isReal = geotab.databases.length > made.length
  const found = `the server is on this machine (${host}:${chevin.sftp.port}): a stand-in, unless it is a tunnel`
  if (!isReal || chevin.vehicle_updates.enabled !== true) return [{ check, status: 'note', found }]
  const fix = 'a made-up vehicle file must not change a real fleet: set chevin.vehicle_updates.enabled to false'
  return [{ check, status: 'note', found, fix }]
}

async function examineImport(session: SftpSession, folder: string, trial: boolean): Promise<Finding> {
  const check = 'sftp import folder'
  try {
    const files = await look(session, folder)
    if (!trial) return { check, status: 'ok', found: `${folder} is there (${files}); not tried to write (--dry-run)` }
    await tryFile(session, folder, folder)
    return { check, status: 'ok', found: `${folder} is there (${files}); files can be written, renamed and removed` }
  } catch (error) {
    return problemOf(check, error, folderFixes(folder, 'chevin.import_dir'))
  }
}

/** The folder of the vehicle file. While no file is applied, what is wrong there is only worth a note. */
async function examineExport(session: SftpSession, config: Config, trial: boolean): Promise<Finding[]> {
  const { file, archive } = config.chevin.vehicle_updates
  const isUsed = updatedDatabase(config) !== null
  const folder = folderOf(file)
  const check = 'sftp export folder'
  const setting = 'chevin.vehicle_updates.file'
  try {
    const files = await look(session, folder)
    const stat = await session.stat(file)
    const there = stat === null ? `${file} is not there now` : `${file} is there, ${stat.size} bytes`
    const readable: Finding = { check, status: 'ok', found: `${folder} can be read (${files}); ${there}` }
    return isUsed && archive ? [readable, await examineArchive(session, folder, trial)] : [readable]
  } catch (error) {
    const problem = problemOf(check, error, folderFixes(folder, setting))
    return [isUsed ? problem : { ...problem, status: 'note', found: `${problem.found} (Vehicle updates are off.)` }]
  }
}

/** Whether a vehicle file can be moved when it is dealt with; where not, it stays, and an alert tells of it. */
async function examineArchive(session: SftpSession, folder: string, trial: boolean): Promise<Finding> {
  const check = 'sftp archive folders'
  const folders = ['processed', 'rejected'].map((name) => remotePath(folder, name))
  try {
    for (const each of folders) {
      await look(session, each)
      if (trial) await tryFile(session, folder, each)
    }
    const found = trial ? `files can be moved to ${folders.join(' and ')}` : `${folders.join(' and ')} are there`
    return { check, status: 'ok', found }
  } catch (error) {
    const fix = 'have the folders made and the move permitted, or set chevin.vehicle_updates.archive to false'
    return { ...problemOf(check, error, {}), status: 'note', fix }
  }
}

/** How much is in a folder. Throws what the server has against it. */
async function look(session: SftpSession, folder: string): Promise<string> {
  try {
    const { files, unsafeNames } = await session.list(folder, MOST_NAMES)
    return `${files.length + unsafeNames.length} entries`
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'SFTP_TOO_MANY') return `more than ${MOST_NAMES} entries`
    throw error
  }
}

/** Makes a file under a name that no import takes, moves it, and takes it away. Throws when any of it is not permitted. */
async function tryFile(session: SftpSession, folder: string, to: string): Promise<void> {
  const name = `.milepost-doctor-${randomBytes(6).toString('hex')}`
  const [first, second] = [remotePath(folder, `${name}-1.part`), remotePath(to, `${name}-2.part`)]
  try {
    await session.writeFile(first, TRIAL)
    await session.rename(first, second)
    await session.remove(second)
  } catch (error) {
    const left = await takeAway(session, [first, second])
    if (left.length === 0 || !(error instanceof PipelineError)) throw error
    const message = `${error.message} It may have left a trial file there, which can be removed: ${left.join(' or ')}.`
    throw new PipelineError(error.code, message, error.retry, { cause: error })
  }
}

/** Removes trial files; answers with those of which it is not known whether they are gone. */
async function takeAway(session: SftpSession, paths: string[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(paths.map((path) => session.remove(path)))
  const unsure = paths.filter((_path, index) => outcomes[index]?.status === 'rejected')
  // A server that permits no removal may have let nothing be written either.
  const stats = await Promise.allSettled(unsure.map((path) => session.stat(path)))
  return unsure.filter((_path, index) => {
    const stat = stats[index]
    return stat?.status !== 'fulfilled' || stat.value !== null
  })
}

const NETWORK = 'check the network, a firewall, chevin.sftp.host and chevin.sftp.port'
const LOGIN_FIXES = {
  SFTP_HOST_KEY_CHANGED:
    "ask the server's keeper whether its key was changed; if so, put the new fingerprint into chevin.sftp.host_keys",
  SFTP_HOST_KEY_UNKNOWN: "compare it with what the server's keeper says, and put it into chevin.sftp.host_keys",
  SFTP_AUTH: 'correct chevin.sftp.user, or the secret that chevin.sftp.password or .private_key names',
  SFTP_KEY_INVALID: 'correct chevin.sftp.private_key (OpenSSH or PEM) and chevin.sftp.passphrase',
  SFTP_NO_CHANNEL: "ask the server's keeper to let the user use SFTP",
  SFTP_UNREACHABLE: NETWORK,
  SFTP_TIMEOUT: NETWORK,
  SFTP_CUT_OFF: NETWORK,
}

function folderFixes(folder: string, setting: string): Record<string, string> {
  const permit = `have the server's keeper permit the user to write, rename and remove files in ${folder}`
  return {
    SFTP_DIRECTORY_MISSING: `correct ${setting}, or have the server's keeper make ${folder}`,
    SFTP_FILE_MISSING: `correct ${setting}, or have the server's keeper make ${folder}`,
    SFTP_DENIED: permit,
    SFTP_READ_ONLY: permit,
    SFTP_REFUSED: permit,
    SFTP_DISK_FULL: "have the server's keeper make room",
  }
}
