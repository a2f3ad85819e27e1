import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolder } from '../../../db/embedded/folder.ts'
import { withLauncherLock } from '../../../db/embedded/launcher-lock.ts'

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-folder-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a folder is made with those above it, once or again, by one process or several at once', async () => {
  const path = join(temporary(), 'a', 'b', 'c')
  await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)])
  await makeFolder(path)
  expect(existsSync(path)).toBe(true)
})

test('a file in the way is an error', async () => {
  const folder = temporary()
  writeFileSync(join(folder, 'file'), '')
  await expect(makeFolder(join(folder, 'file', 'below'))).rejects.toThrow(/ENOTDIR/)
})

test.skipIf(process.platform !== 'linux')(
  'where nothing can be made, the answer comes at once and says what to do',
  async () => {
    const locked = withLauncherLock('/proc/milepost-nowhere/deep', async () => 'never')
    await expect(locked).rejects.toMatchObject({ code: 'EMBEDDED_FOLDER' })
    await expect(locked).rejects.toThrow(/choose another data folder/)
  },
)
