import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PipelineError } from '../../core/errors.ts'
import type { Catalog } from './catalog.ts'
import type { Manifest } from './manifest.ts'
import type { RunResults } from './run-results.ts'
import type { Sources } from './sources.ts'

export const FILES = {
  manifest: 'manifest.json',
  'run-results': 'run_results.json',
  catalog: 'catalog.json',
  sources: 'sources.json',
}

export interface Artifacts {
  manifest?: Manifest
  'run-results'?: RunResults
  catalog?: Catalog
  sources?: Sources
}

/**
 * Writes artifacts into a folder, which is made if need be; a reader finds each as it was or as it is, never a part.
 * With a manifest goes the SQL that it holds, to `compiled/`. Throws ARTIFACTS_UNWRITABLE.
 */
export async function writeArtifacts(dir: string, artifacts: Artifacts): Promise<void> {
  try {
    for (const node of Object.values(artifacts.manifest?.nodes ?? {})) {
      if ('compiled_code' in node && node.compiled_path !== null) {
        const below = node.compiled_path.slice(node.compiled_path.indexOf(`compiled/${node.package_name}/`))
        await replaceFile(join(dir, below), node.compiled_code)
      }
    }
    for (const [kind, file] of Object.entries(FILES)) {
      const artifact = artifacts[kind as keyof Artifacts]
      if (artifact !== undefined) await replaceFile(join(dir, file), JSON.stringify(artifact))
    }
  } catch (error) {
    const message = `The folder ${dir} cannot be written to. Make it writable, or name another folder.`
    throw new PipelineError('ARTIFACTS_UNWRITABLE', message, 'never', { cause: error })
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
