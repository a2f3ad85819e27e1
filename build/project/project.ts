import { glob, readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import { PipelineError } from '../../core/errors.ts'
import { advice } from '../template/advice.ts'
import { compileProject, type CompileOptions } from '../graph/graph.ts'
import type { DataTest } from './data-test.ts'
import { didYouMean, PlacedError, problemAt, projectError, type Problem, type SourceText } from '../template/problem.ts'
import { folderSettings, ProjectFile, type FolderSettings } from './project-file.ts'
import { PropertiesFile, readProperties, type ModelProperties, type Properties } from './properties.ts'
import { macroNames } from '../template/render.ts'
import { checkTemplate, offsetOfWord } from '../template/template-check.ts'
import { parseTemplate, type Template } from '../template/template.ts'
import { readYaml, type YamlFile } from './yaml-file.ts'

/** A dbt project as it stands in its files; `compileProject` makes a graph of it. */
export interface Project {
  name: string
  /** The models in the order of their files; `template` is null when it could not be read. */
  models: { name: string; file: string; folders: string[]; template: Template | null }[]
  properties: ModelProperties[]
  sources: Properties['sources']
  /** Generic tests (from YAML) and singular ones (from the test-paths). */
  tests: DataTest[]
  macros: Template[]
  settings: FolderSettings[]
  /** False when a YAML file could not be read, so that a source may be missing from here. */
  isWhole: boolean
  warnings: string[]
  vars: Record<string, unknown>
}

/**
 * Reads the dbt project in `dir`. Throws a PipelineError MODELS_INVALID that lists every problem with file, line and
 * what to use instead, after a trial compilation with `options`.
 */
export async function loadProject(dir: string, options: CompileOptions = {}): Promise<Project> {
  const problems: Problem[] = []
  const source = await readSource(dir, join(dir, 'dbt_project.yml'))
  const file = readYaml(source, ProjectFile, problems)
  if (file === null) throw projectError(problems)
  const macros = await readMacros(dir, file.data['macro-paths'], problems)
  const names = macros.flatMap(macroNames)
  for (const macro of macros) problems.push(...checkTemplate(macro, names), ...duplicateMacros(macro, macros))
  const models = await readModels(dir, file.data['model-paths'], names, problems)
  const known = problems.length
  const properties = await readAllProperties(dir, file.data['model-paths'], problems)
  const isWhole = problems.length === known
  const singular = await readTests(dir, file.data['test-paths'], names, problems)
  await refuseFiles(dir, file.data, problems)
  const settings = folderSettings(file, problems)
  const warnings = unusedSettings(source, settings, models, problems)
  const project = {
    name: file.data.name,
    models,
    properties: properties.flatMap((found) => found.models),
    sources: properties.flatMap((found) => found.sources),
    tests: [...properties.flatMap((found) => found.tests), ...singular],
    macros,
    settings,
    isWhole,
    warnings,
    vars: { ...file.data.vars, ...Object(file.data.vars[file.data.name]) },
  }
  compileProject(project, options, problems)
  return project
}

/** Settings for folders without models: a misspelt folder is a problem, another one gets a warning, as in dbt. */
function unusedSettings(
  source: SourceText,
  settings: FolderSettings[],
  models: Project['models'],
  problems: Problem[],
): string[] {
  const known = new Set(
    models.flatMap(({ name, folders }) => [...folders, name].map((_, end, all) => all.slice(0, end + 1).join('/'))),
  )
  return settings.flatMap(({ path, offset }) => {
    const folder = path.join('/')
    if (path.length === 0 || known.has(folder)) return []
    const hint = didYouMean(folder, known)
    if (hint === '') return `dbt_project.yml has settings for ${folder}, where there are no models`
    problems.push(problemAt(source, offset, `there is no model below ${folder}${hint}`))
    return []
  })
}

async function readSource(dir: string, path: string): Promise<SourceText> {
  try {
    return { file: relative(dir, path).replaceAll(sep, '/'), text: await readFile(path, 'utf8') }
  } catch (error) {
    throw new PipelineError(
      'MODELS_MISSING',
      `${path} cannot be read. Run this where dbt_project.yml stands.`,
      'never',
      {
        cause: error,
      },
    )
  }
}

async function filesIn(
  dir: string,
  folders: string[],
  extensions: string[],
): Promise<{ folder: string; path: string }[]> {
  const found: { folder: string; path: string }[] = []
  for (const folder of folders) {
    for await (const path of glob(`**/*.{${extensions.join(',')},}`, { cwd: join(dir, folder) })) {
      if (extensions.includes(extname(path).slice(1)))
        found.push({ folder: join(dir, folder), path: join(dir, folder, path) })
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Parses and checks a template; null after adding to `problems` what is wrong with it. */
function readTemplate(source: SourceText, macros: string[] | null, problems: Problem[]): Template | null {
  try {
    const template = parseTemplate(source)
    const found = macros === null ? [] : checkTemplate(template, macros)
    problems.push(...found)
    return found.length === 0 ? template : null
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    problems.push(error.problem)
    return null
  }
}

async function readMacros(dir: string, folders: string[], problems: Problem[]): Promise<Template[]> {
  const macros: Template[] = []
  for (const { path } of await filesIn(dir, folders, ['sql'])) {
    const macro = readTemplate(await readSource(dir, path), null, problems)
    if (macro !== null) macros.push(macro)
  }
  return macros
}

function duplicateMacros(macro: Template, macros: Template[]): Problem[] {
  return macroNames(macro).flatMap((name) => {
    const other = macros.find((candidate) => candidate !== macro && macroNames(candidate).includes(name))
    if (other === undefined || other.file > macro.file) return []
    return [problemAt(macro, offsetOfWord(macro, 0, name), `the macro ${name} is defined in ${other.file} too`)]
  })
}

async function readModels(
  dir: string,
  paths: string[],
  macros: string[],
  problems: Problem[],
): Promise<Project['models']> {
  const models: Project['models'] = []
  for (const { folder, path } of await filesIn(dir, paths, ['sql', 'py'])) {
    const source = await readSource(dir, path)
    const name = basename(path, extname(path))
    const twin = models.find((model) => model.name === name)
    if (path.endsWith('.py')) problems.push(problemAt(source, 0, 'models in Python are not supported: write it in SQL'))
    else if (!/^\w+$/.test(name))
      problems.push(problemAt(source, 0, `${name}: a model's name is letters, digits and underscores`))
    else if (twin !== undefined)
      problems.push(problemAt(source, 0, `${twin.file} is a model named ${name} too: rename one`))
    else {
      const folders = relative(folder, dirname(path)).split(sep).filter(Boolean)
      models.push({ name, file: source.file, folders, template: readTemplate(source, macros, problems) })
    }
  }
  return models
}

async function readAllProperties(dir: string, paths: string[], problems: Problem[]): Promise<Properties[]> {
  const found: Properties[] = []
  for (const { path } of await filesIn(dir, paths, ['yml', 'yaml'])) {
    const file: YamlFile<PropertiesFile> | null = readYaml(await readSource(dir, path), PropertiesFile, problems)
    if (file !== null) found.push(readProperties(file, problems))
  }
  return found
}

async function readTests(dir: string, paths: string[], macros: string[], problems: Problem[]): Promise<DataTest[]> {
  const tests: DataTest[] = []
  for (const { path } of await filesIn(dir, paths, ['sql'])) {
    const template = readTemplate(await readSource(dir, path), macros, problems)
    if (template !== null) tests.push({ name: basename(path, '.sql'), template, settings: {} })
  }
  return tests
}

/** Files that dbt would build and we do not. */
async function refuseFiles(dir: string, file: ProjectFile, problems: Problem[]): Promise<void> {
  const seeds = await filesIn(dir, file['seed-paths'], ['csv'])
  const snapshots = await filesIn(dir, file['snapshot-paths'], ['sql', 'yml', 'yaml'])
  const refuse = async (path: string, kind: string) => {
    problems.push(problemAt(await readSource(dir, path), 0, `${kind} are not supported${advice(kind)}`))
  }
  for (const { path } of seeds) await refuse(path, 'seeds')
  for (const { path } of snapshots) await refuse(path, 'snapshots')
}
