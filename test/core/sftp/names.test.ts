import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkRemoteFolder, checkRemoteName, folderOf, nameOf, remotePath } from '../../../core/sftp/names.ts'

test.for([
  ['a name with spaces', 'washingtongas_asset status report_20260121_130000.xls'],
  ['a name in another script', 'Überführung_東京.xls'],
  ['a hidden name', '.report.xls.1-1.part'],
  ['255 bytes', 'x'.repeat(255)],
] as const)('%s is taken', ([, name]) => {
  expect(checkRemoteName(name)).toBe(name)
})

test.for([
  ['an empty name', ''],
  ['the folder itself', '.'],
  ['the folder above', '..'],
  ['a slash', '../etc/passwd'],
  ['a backslash', 'a\\b.xls'],
  ['a NUL', 'a\0.xls'],
  ['a line end', 'a\nb.xls'],
  ['a character that turns the text around', 'report\u202Eslx.exe'],
  ['an isolate', 'report\u2066.xls'],
  ['a character without width', 'report\u200b.xls'],
  ['half a character', 'report\ud800.xls'],
  ['a space at the end', 'report.xls '],
  ['a dot at the end', 'report.'],
  ['256 bytes', 'x'.repeat(256)],
  ['256 bytes in 128 characters', 'ü'.repeat(128)],
] as const)('%s is refused', ([, name]) => {
  expect(() => checkRemoteName(name)).toThrow(expect.objectContaining({ code: 'SFTP_NAME_INVALID', retry: 'never' }))
})

test('the message about a bad name shows it as JSON and within bounds', () => {
  expect(() => checkRemoteName(`\n${'x'.repeat(5000)}`)).toThrow(/^The remote name "\\nx{299}" holds/)
})

test.for(['', '.', '/', 'Import', '/Import', 'Export/geotab', 'Export/geotab/', '/home/fleet/Import'])(
  'the folder "%s" is taken',
  (folder) => {
    expect(checkRemoteFolder(folder)).toBe(folder)
  },
)

test.for(['..', '../Import', 'Import/../..', 'Import//x', '//x', './Import', 'Import/.', 'a\\b'])(
  'the folder "%s" is refused',
  (folder) => {
    expect(() => checkRemoteFolder(folder)).toThrow(expect.objectContaining({ code: 'SFTP_NAME_INVALID' }))
  },
)

test('a path has the folder and the name that it was made of, and never leads out of the folder', () => {
  const folders = fc.constantFrom('', '.', '/', 'Import', '/Import', 'Export/geotab/')
  fc.assert(
    fc.property(folders, fc.string({ unit: 'binary' }), (folder, name) => {
      let path: string
      try {
        path = remotePath(folder, name)
      } catch {
        return
      }
      expect(nameOf(path)).toBe(name)
      expect(folderOf(path)).toBe(folder === '' ? '.' : folder.replace(/(?<=.)\/$/, ''))
      expect(path.split('/')).not.toContain('..')
    }),
  )
})
