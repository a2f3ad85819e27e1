import { z } from 'zod'
import { didYouMean, isSlip, problemAt, warningOf, type Problem, type SourceText } from '../template/problem.ts'
import { TestSettings } from './data-test.ts'
import { NODE_SETTINGS, type NodeKind, type NodeSettings } from './node-config.ts'
import { schemaProblems, type Path, type YamlFile } from './yaml-file.ts'

const paths = (...folders: string[]) => z.array(z.string()).default(folders)
const byFolder = z.record(z.string(), z.unknown()).default({})

/** dbt_project.yml, the part of it that is read here. Paths are relative to the file. */
export const ProjectFile = z.strictObject({
  name: z.string().regex(/^[a-z_]\w*$/i, 'a name of letters, digits and underscores'),
  version: z.union([z.string(), z.number()]).optional(),
  'config-version': z.literal(2).optional(),
  'require-dbt-version': z.union([z.string(), z.array(z.string())]).optional(),
  profile: z.string().optional(),
  'model-paths': z.array(z.string()).optional(),
  // The names that dbt had for model-paths and seed-paths before 1.0.
  'source-paths': z.array(z.string()).optional(),
  'data-paths': z.array(z.string()).optional(),
  'macro-paths': paths('macros'),
  'test-paths': paths('tests'),
  'seed-paths': z.array(z.string()).optional(),
  'snapshot-paths': paths('snapshots'),
  'analysis-paths': paths('analyses'),
  'docs-paths': paths(),
  'asset-paths': paths(),
  'target-path': z.string().default('target'),
  'log-path': z.string().optional(),
  'packages-install-path': z.string().optional(),
  'clean-targets': paths(),
  flags: z.record(z.string(), z.unknown()).optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  models: byFolder,
  seeds: byFolder,
  snapshots: byFolder,
  tests: byFolder,
  data_tests: byFolder,
})
export type ProjectFile = z.infer<typeof ProjectFile>

/** The folders of a project, by what stands in them. */
export function projectPaths(
  file: YamlFile<ProjectFile>,
  problems: Problem[],
  warnings: string[],
): Record<NodeKind | 'macro' | 'test', string[]> {
  const { data } = file
  const renamed = (name: 'model-paths' | 'seed-paths', old: 'source-paths' | 'data-paths', folder: string) => {
    if (data[old] === undefined) return data[name] ?? [folder]
    const problem = problemAt(file.source, file.offsetOf([old]), `${old} is called ${name} since dbt 1.0`)
    if (data[name] === undefined) warnings.push(warningOf(problem))
    else problems.push({ ...problem, message: `${problem.message}, and both are here` })
    return data[old]
  }
  return {
    model: renamed('model-paths', 'source-paths', 'models'),
    seed: renamed('seed-paths', 'data-paths', 'seeds'),
    snapshot: data['snapshot-paths'],
    macro: data['macro-paths'],
    test: data['test-paths'],
  }
}

/** Settings for all nodes below a folder (or for the one of that name): `path` is what follows the project's name. */
export interface FolderSettings<Settings = NodeSettings> {
  path: string[]
  settings: Settings
  offset: number
}

/** The settings that a section of dbt_project.yml gives by folder, the outermost first. */
export function nodeSettings(
  file: YamlFile<ProjectFile>,
  kind: NodeKind,
  problems: Problem[],
  warnings: string[],
): FolderSettings[] {
  return folderSettings<NodeSettings>(file, `${kind}s`, NODE_SETTINGS[kind], problems, warnings)
}

export function testSettings(
  file: YamlFile<ProjectFile>,
  problems: Problem[],
  warnings: string[],
): FolderSettings<TestSettings>[] {
  return (['tests', 'data_tests'] as const).flatMap((key) =>
    folderSettings<TestSettings>(file, key, TestSettings, problems, warnings),
  )
}

function folderSettings<Settings>(
  file: YamlFile<ProjectFile>,
  section: 'models' | 'seeds' | 'snapshots' | 'tests' | 'data_tests',
  schema: z.ZodObject,
  problems: Problem[],
  warnings: string[],
): FolderSettings<Settings>[] {
  const found: FolderSettings<Settings>[] = []
  const refuse = (path: Path, message: string) => problems.push(problemAt(file.source, file.offsetOf(path), message))
  // Settings for another project, such as a package that was left out, have no effect in dbt either.
  const passOver = (key: string) => {
    const names = [file.data.name]
    const message = `${key} is not the name of this project${didYouMean(key, names)}`
    const problem = problemAt(file.source, file.offsetOf([section, key]), message)
    if (isSlip(key, names)) problems.push(problem)
    else warnings.push(`${warningOf(problem)}: its settings have no effect`)
  }
  const read = (entries: Record<string, unknown>, keys: string[]) => {
    const own: Record<string, unknown> = {}
    const folders: [string, Record<string, unknown>][] = []
    for (const [key, value] of Object.entries(entries)) {
      const isFolder = typeof value === 'object' && !Array.isArray(value) && (value !== null || !(key in schema.shape))
      if (key.startsWith('+')) own[key.slice(1)] = value
      else if (isFolder) folders.push([key, { ...value }])
      else if (key in schema.shape) own[key] = value
      else refuse([section, ...keys, key], `${key} is neither a folder of ${section} nor a setting`)
    }
    const parsed = schema.safeParse(own)
    // A setting stands in the file with or without its plus.
    const offsetOf = ([name = '', ...rest]: Path) => {
      const key = `+${String(name)}` in entries ? `+${String(name)}` : name
      return file.offsetOf([section, ...keys, key, ...rest])
    }
    if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, file.source, offsetOf))
    else if (Object.keys(own).length > 0) {
      const place = [section, ...keys]
      found.push({
        path: keys.slice(1),
        settings: parsed.data as Settings,
        get offset() {
          return file.offsetOf(place)
        },
      })
    }
    for (const [key, value] of folders) {
      if (keys.length > 0 || key === file.data.name) read(value, [...keys, key])
      else passOver(key)
    }
  }
  read(file.data[section], [])
  return found
}

/** Settings for folders without nodes: a misspelt folder is a problem, another one gets a warning, as in dbt. */
export function unusedSettings(
  source: SourceText,
  settings: Record<NodeKind, FolderSettings[]>,
  nodes: { kind: NodeKind; name: string; folders: string[] }[],
  problems: Problem[],
): string[] {
  return (['model', 'seed', 'snapshot'] as const).flatMap((kind) => {
    const own = nodes.filter((node) => node.kind === kind)
    const known = new Set(
      own.flatMap(({ name, folders }) => [...folders, name].map((_, end, all) => all.slice(0, end + 1).join('/'))),
    )
    return settings[kind].flatMap((entry) => {
      const { path } = entry
      const folder = path.join('/')
      if (path.length === 0 || known.has(folder)) return []
      const hint = didYouMean(folder, known)
      if (!isSlip(folder, known))
        return `dbt_project.yml has settings for ${folder}, where there are no ${kind}s${hint}`
      problems.push(problemAt(source, entry.offset, `there is no ${kind} below ${folder}${hint}`))
      return []
    })
  })
}
