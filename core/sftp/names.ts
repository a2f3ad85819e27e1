import { PipelineError } from '../errors.ts'

const LONGEST_NAME = 255

/**
 * Checks the name of a remote file or folder. Throws SFTP_NAME_INVALID for one that could lead elsewhere, that other
 * systems would change, or that shows itself as something else: separators, `.` and `..`, control and bidirectional
 * characters, spaces at an end, more than 255 bytes.
 */
export function checkRemoteName(name: string): string {
  const problem = problemOf(name)
  if (problem === null) return name
  throw new PipelineError(
    'SFTP_NAME_INVALID',
    `The remote name ${JSON.stringify(name.slice(0, 300))} ${problem}. Give the file another name.`,
    'never',
  )
}

export function isRemoteName(name: string): boolean {
  return problemOf(name) === null
}

function problemOf(name: string): string | null {
  if (name === '') return 'is empty'
  if (name === '.' || name === '..') return 'stands for a folder'
  if (/[/\\]/.test(name)) return 'holds a path separator'
  // Cc: control; Cf: invisible and bidirectional; Zl and Zp: line and paragraph ends.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) return 'holds a character that cannot be seen'
  if (!name.isWellFormed()) return 'holds half a character'
  if (/^\s|[\s.]$/u.test(name)) return 'begins or ends with a space, or ends with a dot, which some servers take off'
  const bytes = Buffer.byteLength(name)
  return bytes > LONGEST_NAME ? `has ${bytes} bytes, more than ${LONGEST_NAME}` : null
}

/** Checks a remote folder: names joined by `/`, from the root when it begins with one, else from the login folder. */
export function checkRemoteFolder(folder: string): string {
  if (folder === '' || folder === '.' || folder === '/') return folder
  for (const name of folder.replace(/^\//, '').replace(/\/$/, '').split('/')) checkRemoteName(name)
  return folder
}

/** The path of a file in a folder, both checked. */
export function remotePath(folder: string, name: string): string {
  checkRemoteName(name)
  checkRemoteFolder(folder)
  if (folder === '' || folder === '.') return name
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`
}

/** The folder part of a path made by `remotePath`. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash === -1) return '.'
  return slash === 0 ? '/' : path.slice(0, slash)
}

/** The last part of a path made by `remotePath`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
