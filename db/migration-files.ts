import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../core/json.ts'
import { PipelineError } from '../core/errors.ts'
import { splitStatements, type SqlStatement } from './sql-statements.ts'

/** One file of `sql/migrations`. */
export interface MigrationFile {
  /** Name without the ending, such as `0001_schemas_and_ledger`. */
  name: string
  path: string
  /** SHA-256 of the text with line ends as `\n`, so that it is the same on every checkout. */
  checksum: string
  statements: SqlStatement[]
}

const NAME = /^(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)*\.sql$/
const TRANSACTION_CONTROL = /^(begin|commit|rollback|abort|end|start\s+transaction|savepoint|release)\b/i

/**
 * Reads the migrations of a folder in their order. Throws MIGRATION_NAMES when a name is not `NNNN_name.sql`, a number
 * is missing or used twice, or a file controls transactions; all problems at once.
 */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const entries = (await readdir(folder)).filter((entry) => !entry.startsWith('.')).sort()
  const problems: string[] = []
  const files: MigrationFile[] = []
  for (const entry of entries) {
    const number = NAME.exec(entry)?.[1]
    if (number === undefined) {
      problems.push(`${entry} is not named NNNN_name.sql (small letters, digits, underscores)`)
      continue
    }
    const expected = String(files.length + 1).padStart(4, '0')
    if (number !== expected) problems.push(`${entry} should have the number ${expected}`)
    const path = join(folder, entry)
    const text = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
    const statements = splitStatements(text)
    for (const statement of statements.filter(({ text: sql }) => TRANSACTION_CONTROL.test(sql))) {
      problems.push(`${entry}:${statement.line} controls transactions; each file is one transaction already`)
    }
    files.push({ name: entry.slice(0, -'.sql'.length), path, checksum: sha256(text), statements })
  }
  if (problems.length === 0) return files
  throw new PipelineError(
    'MIGRATION_NAMES',
    `The migrations in ${folder} are not in order:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    'never',
  )
}
