import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CompileOptions } from '../../build/graph/graph.ts'
import { loadProject, type Project } from '../../build/project/project.ts'

const PROJECT_FILE = 'name: tiny\nmacro-paths: [macros]\n'

/** Loads a project made of these files (path: text), for the length of a test; dbt_project.yml is optional. */
export function projectOf(files: Record<string, string>, options: CompileOptions = {}): Project {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-models-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  for (const [path, text] of Object.entries({ 'dbt_project.yml': PROJECT_FILE, ...files })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return loadProject(dir, options)
}

/** The message with which such a project is refused. */
export function refusalOf(files: Record<string, string>, options: CompileOptions = {}): string {
  try {
    projectOf(files, options)
  } catch (error) {
    return String(error)
  }
  throw new Error('the project was accepted')
}
