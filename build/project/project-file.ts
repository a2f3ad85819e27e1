import { z } from 'zod'
import { ModelSettings } from './model-config.ts'
import { didYouMean, problemAt, type Problem } from '../template/problem.ts'
import { schemaProblems, type Path, type YamlFile } from './yaml-file.ts'

const paths = (...folders: string[]) => z.array(z.string()).default(folders)

/** dbt_project.yml, the part of it that is read here. Paths are relative to the file. */
export const ProjectFile = z.strictObject({
  name: z.string().regex(/^[a-z_]\w*$/i, 'a name of letters, digits and underscores'),
  version: z.union([z.string(), z.number()]).optional(),
  'config-version': z.literal(2).optional(),
  'require-dbt-version': z.union([z.string(), z.array(z.string())]).optional(),
  profile: z.string().optional(),
  'model-paths': paths('models'),
  'macro-paths': paths('macros'),
  'test-paths': paths('tests'),
  'seed-paths': paths('seeds'),
  'snapshot-paths': paths('snapshots'),
  'analysis-paths': paths(),
  'docs-paths': paths(),
  'asset-paths': paths(),
  'target-path': z.string().optional(),
  'log-path': z.string().optional(),
  'packages-install-path': z.string().optional(),
  'clean-targets': paths(),
  flags: z.record(z.string(), z.unknown()).optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  models: z.record(z.string(), z.unknown()).default({}),
})
export type ProjectFile = z.infer<typeof ProjectFile>

/** Settings for all models below a folder (or for the one model of that name): `path` is what follows the project's name. */
export interface FolderSettings {
  path: string[]
  settings: ModelSettings
  offset: number
}

/** The settings that `models:` of dbt_project.yml gives by folder, the outermost first. */
export function folderSettings(file: YamlFile<ProjectFile>, problems: Problem[]): FolderSettings[] {
  const found: FolderSettings[] = []
  const refuse = (path: Path, message: string) => problems.push(problemAt(file.source, file.offsetOf(path), message))
  const read = (entries: Record<string, unknown>, keys: string[]) => {
    const own: Record<string, unknown> = {}
    const folders: [string, Record<string, unknown>][] = []
    for (const [key, value] of Object.entries(entries)) {
      if (key.startsWith('+')) own[key.slice(1)] = value
      else if (typeof value === 'object' && value !== null && !Array.isArray(value)) folders.push([key, { ...value }])
      else if (key in ModelSettings.shape) own[key] = value
      else refuse(['models', ...keys, key], `${key} is neither a folder of models nor a setting`)
    }
    const parsed = ModelSettings.safeParse(own)
    // A setting stands in the file with or without its plus.
    const offsetOf = ([name = '', ...rest]: Path) => {
      const key = `+${String(name)}` in entries ? `+${String(name)}` : name
      return file.offsetOf(['models', ...keys, key, ...rest])
    }
    if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, file.source, offsetOf))
    else if (Object.keys(own).length > 0) {
      found.push({ path: keys.slice(1), settings: parsed.data, offset: file.offsetOf(['models', ...keys]) })
    }
    for (const [key, value] of folders) {
      if (keys.length > 0 || key === file.data.name) read(value, [...keys, key])
      else refuse(['models', key], `${key} is not the name of this project${didYouMean(key, [file.data.name])}`)
    }
  }
  read(file.data.models, [])
  return found
}
