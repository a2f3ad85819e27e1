import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { PipelineError } from '../../core/errors.ts'
import type { SourceText } from '../template/problem.ts'

/** A file of the project; `folders` are those between it and the path that dbt_project.yml names. */
export interface ProjectPath {
  path: string
  folders: string[]
}

/** The files with these extensions below folders of the project, by name; a folder that is not there has none. */
export function filesIn(dir: string, roots: string[], extensions: string[]): ProjectPath[] {
  const found: ProjectPath[] = []
  const walk = (path: string, folders: string[]) => {
    for (const entry of entriesOf(path)) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) walk(child, [...folders, entry.name])
      else if (extensions.includes(extname(entry.name).slice(1))) found.push({ path: child, folders })
    }
  }
  for (const root of new Set(roots)) walk(join(dir, root), [])
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String(Object(error).code))) return []
    throw unreadable(path, error)
  }
}

/** Reads a file of the project in `dir`. Throws MODELS_MISSING. Synchronous: 1,000 small files take 20 ms, not 150. */
export function readSource(dir: string, path: string): SourceText {
  try {
    return { file: relative(dir, path).replaceAll(sep, '/'), text: readFileSync(path, 'utf8') }
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): PipelineError {
  const advice = path.endsWith('dbt_project.yml')
    ? 'Name the folder in which dbt_project.yml stands.'
    : 'Make it readable.'
  return new PipelineError('MODELS_MISSING', `${path} cannot be read. ${advice}`, 'never', { cause })
}
