import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const SSHD = '/usr/sbin/sshd'

const FOLDERS = [
  'files',
  'files/Import',
  'files/Export',
  'files/Export/geotab',
  'files/Export/geotab/processed',
  'files/Export/geotab/rejected',
]

/** Whether OpenSSH's server is installed here. */
export const hasSshd = existsSync(SSHD)

/** A real OpenSSH server on loopback with files of its own. */
export interface Sshd {
  host: string
  port: number
  /** The user of this process, who logs in with `privateKey`. */
  user: string
  privateKey: string
  /** Of its host key, as `SHA256:…`. */
  fingerprint: string
  /** The login folder. */
  folder: string
  /** A user who may log in and may not write, where this process is allowed to be another one: root. */
  stranger: string | null
  close(): Promise<void>
}

/** Starts sshd with its own configuration and keys in a temporary folder; SFTP is all it serves. */
export async function startSshd(): Promise<Sshd> {
  const base = await mkdtemp(join(tmpdir(), 'milepost-sshd-'))
  const folder = join(base, 'files')
  const isRoot = process.getuid?.() === 0
  try {
    // Readable for the stranger, whose keys sshd reads as that user.
    await chmod(base, 0o755)
    for (const each of FOLDERS) await mkdir(join(base, each))
    for (const name of ['host', 'user']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', join(base, name)])
    }
    await writeFile(join(base, 'authorized'), await readFile(join(base, 'user.pub')), { mode: 0o644 })
    const port = await freePort()
    await writeFile(join(base, 'config'), configuration(base, port))
    if (isRoot) {
      await chown(folder, 0, 0)
      // sshd insists on this folder.
      await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
    }
    const child = await startServer(join(base, 'config'))
    return {
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      privateKey: await readFile(join(base, 'user'), 'utf8'),
      fingerprint: fingerprintOf(join(base, 'host.pub')),
      folder,
      stranger: isRoot ? 'nobody' : null,
      async close() {
        const exited = once(child, 'exit')
        child.kill('SIGTERM')
        await exited
        await rm(base, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(base, { recursive: true, force: true })
    throw error
  }
}

function configuration(base: string, port: number): string {
  return [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${join(base, 'host')}`,
    `PidFile ${join(base, 'pid')}`,
    `AuthorizedKeysFile ${join(base, 'authorized')}`,
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'UseDNS no',
    'MaxStartups 100',
    'Subsystem sftp internal-sftp',
    `ForceCommand internal-sftp -d ${join(base, 'files')}`,
    '',
  ].join('\n')
}

async function startServer(config: string): Promise<ChildProcess> {
  const child = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const lines = createInterface(child.stderr)
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      if (line.includes('Server listening')) resolve()
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`sshd ended with ${code}: ${said.join('\n')}`)))
  })
  return child
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('no free port')
  return address.port
}

function fingerprintOf(publicKey: string): string {
  const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-l', '-E', 'sha256', '-f', publicKey], {
    encoding: 'utf8',
  }).split(' ')
  return fingerprint
}
