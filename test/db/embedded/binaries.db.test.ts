import { chmod, cp, lstat, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findBinaries, packageRoot } from '../../../db/embedded/binaries.ts'
import { runProgram } from '../../../db/embedded/program.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'milepost-'))
})
afterAll(() => rm(root, { recursive: true }))

// What an installation without install scripts leaves behind, from an archive that lost the executable bits.
test.skipIf(process.platform === 'win32')(
  'a package without library links and executable bits is repaired, also by several commands at once',
  async () => {
    await cp(packageRoot(), root, {
      recursive: true,
      filter: async (source) => !(await lstat(source)).isSymbolicLink(),
    })
    for (const name of ['initdb', 'pg_ctl', 'postgres']) await chmod(join(root, 'native', 'bin', name), 0o644)

    const [binaries] = await Promise.all([findBinaries(root), findBinaries(root), findBinaries(root)])
    for (const file of [binaries.initdb, binaries.pgCtl, binaries.postgres]) {
      expect(await runProgram({ file, args: ['--version'] })).toEqual({
        code: 0,
        output: expect.stringContaining(`(PostgreSQL) ${binaries.major}.`),
      })
    }
  },
)
