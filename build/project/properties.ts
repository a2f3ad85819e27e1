import { z } from 'zod'
import { genericTest, type TestOwner } from './generic-test.ts'
import type { DataTest } from './data-test.ts'
import { ModelSettings } from './model-config.ts'
import type { Problem } from '../template/problem.ts'
import type { RelationName } from '../graph/relation.ts'
import type { Path, YamlFile } from './yaml-file.ts'

const OneTest = z.record(z.string(), z.record(z.string(), z.unknown())).refine((test) => Object.keys(test).length === 1)
const TestEntry = z.union([z.string(), OneTest], { error: 'a test is a name, or one name with its arguments' })
const described = {
  name: z.string().min(1),
  description: z.string().default(''),
  meta: z.record(z.string(), z.unknown()).optional(),
  tests: z.array(TestEntry).default([]),
  data_tests: z.array(TestEntry).default([]),
}
const Column = z.strictObject({ ...described, data_type: z.string().optional() })
const Described = z.strictObject({ ...described, columns: z.array(Column).default([]) })

/** A YAML file among the models: what it says of models and sources. */
export const PropertiesFile = z.strictObject({
  version: z.literal(2).optional(),
  models: z.array(Described.extend({ config: ModelSettings.default({}), docs: z.unknown().optional() })).default([]),
  sources: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        description: z.string().optional(),
        schema: z.string().optional(),
        meta: z.record(z.string(), z.unknown()).optional(),
        tables: z.array(Described.extend({ identifier: z.string().optional() })).default([]),
      }),
    )
    .default([]),
})
export type PropertiesFile = z.infer<typeof PropertiesFile>

/** What YAML says of one model. */
export interface ModelProperties {
  name: string
  description: string
  settings: ModelSettings
  columns: { name: string; description: string }[]
  file: YamlFile<PropertiesFile>
  offset: number
}

export interface Properties {
  models: ModelProperties[]
  sources: { source: string; table: string; relation: RelationName; file: YamlFile<PropertiesFile>; offset: number }[]
  tests: DataTest[]
}

/** Models, sources and generic tests of a YAML file. What is wrong with a test is added to `problems`. */
export function readProperties(file: YamlFile<PropertiesFile>, problems: Problem[]): Properties {
  const found: Properties = { models: [], sources: [], tests: [] }
  const readTests = (entry: z.infer<typeof Described>, path: Path, owner: TestOwner) => {
    const read = (holder: typeof entry | z.infer<typeof Column>, at: Path, column?: string) => {
      for (const key of ['tests', 'data_tests'] as const) {
        for (const [index, test] of holder[key].entries()) {
          const made = genericTest(test, { ...owner, column }, file, [...at, key, index], problems)
          if (made !== null) found.tests.push(made)
        }
      }
    }
    read(entry, path)
    for (const [index, column] of entry.columns.entries()) read(column, [...path, 'columns', index], column.name)
  }
  for (const [index, model] of file.data.models.entries()) {
    const path = ['models', index]
    const { name, description } = model
    const columns = model.columns.map((column) => ({ name: column.name, description: column.description }))
    const settings =
      model.meta === undefined ? model.config : { ...model.config, meta: { ...model.meta, ...model.config.meta } }
    found.models.push({ name, description, settings, columns, file, offset: file.offsetOf([...path, 'name']) })
    readTests(model, path, { model: name, names: name, relation: `{{ ref('${name}') }}` })
  }
  for (const [index, source] of file.data.sources.entries()) {
    for (const [tableIndex, table] of source.tables.entries()) {
      const path = ['sources', index, 'tables', tableIndex]
      const relation = { schema: source.schema ?? source.name, name: table.identifier ?? table.name }
      const names = { source: source.name, table: table.name }
      found.sources.push({ ...names, relation, file, offset: file.offsetOf([...path, 'name']) })
      const call = `{{ source('${source.name}', '${table.name}') }}`
      readTests(table, path, {
        source: `${source.name}.${table.name}`,
        names: `${source.name}_${table.name}`,
        relation: call,
      })
    }
  }
  return found
}
