import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const REPOSITORY = resolve(import.meta.dirname, '../..')

/** A dbt project of a folder of its own. */
export interface ProjectFolder {
  dir: string
  remove(): Promise<void>
}

/** The project without the models and tests of other sources: what a run of Geotab alone needs, and half the time. */
export async function geotabProject(): Promise<ProjectFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'milepost-geotab-models-'))
  const copy = (path: string) => cp(join(REPOSITORY, path), join(dir, path), { recursive: true })
  await copy('dbt_project.yml')
  await copy('sql/macros')
  for (const layer of ['staging', 'intermediate', 'marts', 'reports']) await copy(`models/${layer}/geotab`)
  await copy('models/staging/_ops__sources.yml')
  await mkdir(join(dir, 'sql/tests'))
  for (const test of await readdir(join(REPOSITORY, 'sql/tests'))) {
    if (/geotab/.test(test)) await copy(`sql/tests/${test}`)
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}
