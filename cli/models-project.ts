import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CompileOptions, Graph } from '../build/graph/graph.ts'
import type { Project } from '../build/project/project.ts'
import { environmentVariable } from '../core/config-environment.ts'
import { usageError, wholeNumber } from './exit.ts'
import { say } from './output.ts'
import { openReader, openSession, PACKAGE_DIR, type Session } from './session.ts'

export interface ProjectFlags {
  projectDir?: string
  schema?: string
  vars?: string
  targetPath?: string
}

export interface SelectionFlags {
  select?: string[]
  exclude?: string[]
  resourceType?: string[]
  state?: string
}

/** A dbt project as a command was asked to see it. */
export interface ModelsProject {
  dir: string
  /** Whether it is Milepost's own, whose tables the migrations make. */
  isOwn: boolean
  project: Project
  options: CompileOptions
  /** Where artifacts are read and written. */
  targetDir: string
}

/** Adds the options that say which project is meant. */
export function withProject(command: Command): Command {
  return command
    .option('--project-dir <dir>', "folder of another dbt project; default: Milepost's own models")
    .option('--schema <name>', 'schema that the project builds to by default', 'public')
    .option('--vars <mapping>', 'variables that win over those of dbt_project.yml, as JSON or YAML')
    .option('--target-path <dir>', 'folder for artifacts; default: target-path of dbt_project.yml')
}

/** Adds the options that choose nodes. */
export function withSelection(command: Command): Command {
  return command
    .option(
      '-s, --select <criteria...>',
      "nodes to take, in dbt's grammar: name, +name, name+, @name, tag:x, path:x, source:x, state:modified, result:error",
    )
    .option('--exclude <criteria...>', 'nodes to leave out')
    .option('--resource-type <types...>', 'only model, seed, snapshot, test, unit_test, source or exposure')
    .option('--state <dir>', 'artifacts of the run that state: and result: compare with; default: the last run')
}

/** Loads the project. Throws MODELS_MISSING, MODELS_INVALID. */
export async function openProject(flags: ProjectFlags): Promise<ModelsProject> {
  const { loadProject } = await import('../build/project/project.ts')
  const isOwn = flags.projectDir === undefined
  const dir = isOwn ? PACKAGE_DIR : resolve(flags.projectDir ?? '')
  const options: CompileOptions = {
    target: { name: 'default', schema: flags.schema ?? 'public' },
    vars: await parseVars(flags.vars),
    env: environmentVariable,
  }
  const project = loadProject(dir, options)
  return { dir, isOwn, project, options, targetDir: resolve(dir, flags.targetPath ?? project.targetPath) }
}

/** Opens the database for a project: that of Milepost itself brought up to date, for another one left as it is. */
export async function openDatabase({ isOwn }: { isOwn: boolean }, mode: 'build' | 'read'): Promise<Session> {
  if (!isOwn) return openSession({ migrate: false })
  return mode === 'build' ? openSession() : openReader()
}

/** The ids that are selected; undefined when no option chooses. Says which criteria match nothing. */
export async function selectIds(
  graph: Graph,
  flags: SelectionFlags,
  targetDir: string,
  defaults: SelectionFlags = {},
): Promise<Set<string> | undefined> {
  const { select = defaults.select, exclude, resourceType, state } = flags
  if (select === undefined && exclude === undefined && resourceType === undefined) return undefined
  const { selectableNodes } = await import('../build/artifacts/selectable.ts')
  const { selectNodes } = await import('../build/graph/select.ts')
  const { selectionState } = await import('../build/artifacts/state.ts')
  const { manifestOf } = await import('../build/artifacts/manifest.ts')
  const isCompared = [...(select ?? []), ...(exclude ?? [])].some((criterion) =>
    /(state|result|source_status):/.test(criterion),
  )
  const manifest = () => manifestOf(graph, { generatedAt: new Date(), invocationId: '' })
  const { selected, unmatched } = selectNodes(selectableNodes(graph), {
    project: graph.project.name,
    ...(select === undefined ? {} : { select }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(resourceType === undefined ? {} : { resourceTypes: resourceType }),
    ...(isCompared ? { state: selectionState(state === undefined ? targetDir : resolve(state), manifest()) } : {}),
  })
  for (const criterion of unmatched) say(`warning: "${criterion}" matches nothing`)
  return selected
}

/** The values of `--vars`. */
export async function parseVars(text: string | undefined): Promise<Record<string, unknown>> {
  if (text === undefined) return {}
  const { readVars } = await import('../build/project/vars.ts')
  const vars = readVars(text)
  if (vars === null) throw usageError(`--vars takes a mapping, such as '{"as_of_date": "2026-01-31"}', not ${text}`)
  return vars
}

/** The value of `--threads`. */
export function threadCount(text: string): number {
  const threads = wholeNumber('--threads', text)
  if (threads >= 1 && threads <= 64) return threads
  throw usageError('--threads takes a number from 1 to 64')
}
