import type { z } from 'zod'
import { messageOf } from '../../core/errors.ts'
import { TestSettings, type DataTest } from '../project/data-test.ts'
import { buildOrder } from './build-order.ts'
import { conflictIn, mergeSettings, ModelSettings, type ModelConfig } from '../project/model-config.ts'
import { didYouMean, PlacedError, problemAt, projectError, type Problem } from '../template/problem.ts'
import type { Project } from '../project/project.ts'
import { relationSql, type RelationName } from './relation.ts'
import { macroNames, render, renderMacro, type Compiled, type RenderContext } from '../template/render.ts'
import type { Template } from '../template/template.ts'
import { offsetOfWord } from '../template/template-check.ts'
import { schemaProblems } from '../project/yaml-file.ts'

/** The environment that models are built for; `schema` is the default schema. */
interface Target {
  name: string
  schema: string
}

export interface CompileOptions {
  /** Values that win over those of dbt_project.yml. */
  vars?: Record<string, unknown>
  target?: Target
}

export interface Model {
  name: string
  template: Template
  config: ModelConfig
  description: string
  columns: { name: string; description: string }[]
  /** Where the model is published. */
  relation: RelationName
  /** Names of the models it reads, and where it names them first. */
  dependsOn: Map<string, number>
}

export interface GraphTest extends DataTest {
  severity: 'warn' | 'error'
  dependsOn: string[]
}

/** A project with its variables applied and its references resolved. */
export interface Graph {
  project: Project
  target: Target
  vars: Record<string, unknown>
  /** The enabled models, each after those it reads. */
  models: Model[]
  tests: GraphTest[]
}

/**
 * Resolves a project's references, settings and order by rendering each template, models both as a first build and as
 * an incremental one. Throws a PipelineError MODELS_INVALID that lists every problem, `known` ones included.
 */
export function compileProject(project: Project, options: CompileOptions = {}, known: Problem[] = []): Graph {
  const problems = [...known]
  const target = options.target ?? { name: 'default', schema: 'public' }
  const graph: Graph = { project, target, vars: { ...project.vars, ...options.vars }, models: [], tests: [] }
  const models = project.models.flatMap((model) => compileModel(graph, model, problems) ?? [])
  const enabled = new Map(models.filter((model) => model.config.enabled).map((model) => [model.name, model]))
  for (const { template, dependsOn } of enabled.values()) {
    problems.push(...wrongReferences(project, template, dependsOn, models))
  }
  problems.push(...sharedRelations([...enabled.values()]), ...unusedProperties(project))
  for (const test of project.tests) {
    const compiled = compileTest(graph, test, models, problems)
    if (compiled !== null) graph.tests.push(compiled)
  }
  graph.models = buildOrder([...enabled.values()], problems)
  if (problems.length > 0) throw projectError(problems)
  return graph
}

/** The SQL of a model. `relationOf` says where the models it reads stand. Throws a PlacedError. */
export function renderModel(
  graph: Graph,
  model: Model,
  options: { isIncremental: boolean; relationOf: (name: string) => RelationName },
): Compiled {
  return render(model.template, graph.project.macros, {
    ...baseContext(graph),
    this: model.relation,
    isIncremental: options.isIncremental,
    ref: (name) => {
      if (model.dependsOn.has(name)) return options.relationOf(name)
      throw new Error(`${name} is read only in some builds; name it always: -- depends_on: {{ ref('${name}') }}`)
    },
  })
}

/** The SQL of a data test. */
export function renderTest(graph: Graph, test: GraphTest, relationOf: (name: string) => RelationName): Compiled {
  return render(test.template, graph.project.macros, { ...baseContext(graph), ref: relationOf })
}

function baseContext(graph: Graph): RenderContext {
  return {
    ref: (name) => ({ schema: graph.target.schema, name }),
    source: (source, table) => {
      const found = graph.project.sources.find((item) => item.source === source && item.table === table)
      if (found !== undefined) return found.relation
      if (!graph.project.isWhole) return { schema: source, name: table }
      const names = graph.project.sources.map((item) => `${item.source}.${item.table}`)
      throw new Error(`there is no source ${source}.${table}${didYouMean(`${source}.${table}`, names)}`)
    },
    config: () => {},
    vars: graph.vars,
    this: null,
    target: graph.target,
    isIncremental: false,
  }
}

function compileModel(graph: Graph, source: Project['models'][number], problems: Problem[]): Model | null {
  const { name, template, folders } = source
  if (template === null) return null
  const properties = graph.project.properties.find((item) => item.name === name)
  const dependsOn = new Map<string, number>()
  const trial = (isIncremental: boolean) => {
    let settings: ModelSettings = {}
    const compiled = render(template, graph.project.macros, {
      ...baseContext(graph),
      this: { schema: graph.target.schema, name },
      isIncremental,
      ref: (other, project, offset) => {
        if (project !== undefined && project !== graph.project.name)
          throw new Error(`there is no project ${project} here`)
        if (!dependsOn.has(other)) dependsOn.set(other, offset)
        return { schema: graph.target.schema, name: other }
      },
      config: (given, offset) => {
        settings = { ...settings, ...checked(ModelSettings, given, template, offset) }
      },
    })
    checkStatement(compiled)
    return settings
  }
  try {
    const settings = trial(false)
    if (JSON.stringify(trial(true)) !== JSON.stringify(settings)) {
      throw new PlacedError(problemAt(template, 0, 'config() must not depend on is_incremental()'))
    }
    const path = [...folders, name]
    const inherited = graph.project.settings
      .filter((folder) => folder.path.every((part, index) => part === path[index]))
      .map((folder) => folder.settings)
    const config = mergeSettings([...inherited, properties?.settings ?? {}, settings])
    const conflict = conflictIn(config)
    if (conflict !== null) throw new PlacedError(problemAt(template, 0, conflict))
    const relation = { schema: schemaOf(graph, name, config), name: config.alias ?? name }
    const { description = '', columns = [] } = properties ?? {}
    return { name, template, config, description, columns, relation, dependsOn }
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    problems.push(error.problem)
    return null
  }
}

function checked<T>(schema: z.ZodType<T>, given: Record<string, unknown>, template: Template, offset: number): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [problem] = schemaProblems(parsed.error.issues, template, ([key]) =>
    offsetOfWord(template, offset, String(key ?? 'config')),
  )
  throw problem === undefined ? new Error('config() is not valid') : new PlacedError(problem)
}

function checkStatement({ sql, template }: Compiled): void {
  if (sql.trim() === '') throw new PlacedError(problemAt(template, 0, 'the file has no SQL'))
  const semicolon = template.text.lastIndexOf(';')
  if (sql.trimEnd().endsWith(';'))
    throw new PlacedError(problemAt(template, semicolon, 'a model is one query, without a semicolon'))
}

/** The schema of a model, by the project's `generate_schema_name` if it has one, else by dbt's rule. */
function schemaOf(graph: Graph, name: string, config: ModelConfig): string {
  const { macros } = graph.project
  const override = macros.find((macro) => macroNames(macro).includes('generate_schema_name'))
  const custom = config.schema ?? null
  if (override === undefined) return custom === null ? graph.target.schema : `${graph.target.schema}_${custom}`
  try {
    const context = baseContext(graph)
    return renderMacro(override, 'generate_schema_name', macros, context, [custom, { name, tags: config.tags }]).trim()
  } catch (error) {
    throw new PlacedError(
      problemAt(override, 0, `generate_schema_name fails for the model ${name}: ${messageOf(error)}`),
    )
  }
}

function compileTest(graph: Graph, test: DataTest, models: Model[], problems: Problem[]): GraphTest | null {
  const dependsOn = new Map<string, number>()
  let settings = test.settings
  try {
    const compiled = render(test.template, graph.project.macros, {
      ...baseContext(graph),
      ref: (name, _project, offset) => {
        if (!dependsOn.has(name)) dependsOn.set(name, offset)
        return { schema: graph.target.schema, name }
      },
      config: (given, offset) => {
        settings = { ...settings, ...checked(TestSettings.omit({ where: true }), given, test.template, offset) }
      },
    })
    checkStatement(compiled)
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    problems.push(error.problem)
    return null
  }
  const owner = models.find((model) => model.name === test.owner)
  if (settings.enabled === false || owner?.config.enabled === false) return null
  problems.push(...wrongReferences(graph.project, test.template, dependsOn, models))
  return { ...test, severity: settings.severity ?? 'error', dependsOn: [...dependsOn.keys()] }
}

function wrongReferences(project: Project, template: Template, named: Map<string, number>, models: Model[]): Problem[] {
  const names = project.models.map((model) => model.name)
  return [...named].flatMap(([name, offset]) => {
    if (!names.includes(name)) {
      return [problemAt(template, offset, `there is no model ${name}${didYouMean(name, names)}`)]
    }
    // A model that could not be compiled has its problem reported already.
    const model = models.find((other) => other.name === name)
    if (model?.config.enabled !== false) return []
    return [problemAt(template, offset, `the model ${name} is disabled (${model.template.file})`)]
  })
}

function sharedRelations(models: Model[]): Problem[] {
  const owners = new Map<string, Model>()
  return models.flatMap((model) => {
    const place = relationSql(model.relation)
    const other = owners.get(place)
    if (other !== undefined)
      return [problemAt(model.template, 0, `${other.template.file} builds ${place} too: change schema or alias`)]
    owners.set(place, model)
    return []
  })
}

function unusedProperties(project: Project): Problem[] {
  const seen = new Map<string, string>()
  const models = project.models.map((model) => model.name)
  return project.properties.flatMap(({ name, file, offset }) => {
    const other = seen.get(name)
    seen.set(name, file.source.file)
    if (other !== undefined) return [problemAt(file.source, offset, `the model ${name} is described in ${other} too`)]
    if (models.includes(name)) return []
    return [problemAt(file.source, offset, `there is no model ${name}${didYouMean(name, models)}`)]
  })
}
