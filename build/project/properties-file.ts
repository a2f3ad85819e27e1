import { z } from 'zod'
import { TestSettings } from './data-test.ts'
import { NODE_SETTINGS, Tags } from './node-config.ts'

const OneTest = z.record(z.string(), z.unknown()).refine((test) => Object.keys(test).length > 0)
export const TestEntry = z.union([z.string(), OneTest], { error: 'a test is a name, or one name with its arguments' })
export type TestEntry = z.infer<typeof TestEntry>

const CONSTRAINTS = ['not_null', 'check', 'unique', 'primary_key', 'foreign_key'] as const
const Constraint = z.strictObject({
  type: z.enum(CONSTRAINTS),
  name: z.string().optional(),
  expression: z.string().optional(),
  columns: z.array(z.string()).optional(),
  to: z.string().optional(),
  to_columns: z.array(z.string()).optional(),
  warn_unenforced: z.boolean().optional(),
  warn_unsupported: z.boolean().optional(),
})
export type Constraint = z.infer<typeof Constraint>

const Meta = z.record(z.string(), z.unknown())
const tested = { tests: z.array(TestEntry).default([]), data_tests: z.array(TestEntry).default([]) }
const described = { name: z.string().min(1), description: z.string().default(''), meta: Meta.optional() }

const Column = z.strictObject({
  ...described,
  ...tested,
  data_type: z.string().optional(),
  constraints: z.array(Constraint).default([]),
  tags: Tags.default([]),
  quote: z.boolean().optional(),
  config: z.strictObject({ meta: Meta, tags: Tags }).partial().optional(),
})
export type Column = z.infer<typeof Column>

const Node = z.strictObject({
  ...described,
  ...tested,
  columns: z.array(Column).default([]),
  constraints: z.array(Constraint).default([]),
  docs: z.unknown().optional(),
  group: z.string().optional(),
  access: z.string().optional(),
})

const PERIODS = ['minute', 'hour', 'day'] as const
const Limit = z.strictObject({ count: z.int().positive(), period: z.enum(PERIODS) })
const Freshness = z.strictObject({
  warn_after: Limit.nullish(),
  error_after: Limit.nullish(),
  filter: z.string().nullish(),
})
export type Freshness = z.infer<typeof Freshness>

const fresh = { freshness: Freshness.nullish(), loaded_at_field: z.string().optional() }
const SourceSettings = z.strictObject({ enabled: z.boolean(), meta: Meta, tags: Tags, ...fresh }).partial()
const sourced = { ...described, ...fresh, tags: Tags.default([]), config: SourceSettings.default({}) }
const Source = z.strictObject({
  ...sourced,
  schema: z.string().optional(),
  database: z.string().optional(),
  loader: z.string().optional(),
  quoting: z.unknown().optional(),
  tables: z
    .array(
      z.strictObject({
        ...sourced,
        ...tested,
        columns: z.array(Column).default([]),
        identifier: z.string().optional(),
        loader: z.string().optional(),
        quoting: z.unknown().optional(),
      }),
    )
    .default([]),
})

const Exposure = z.strictObject({
  ...described,
  name: z.string().regex(/^\w+$/, 'letters, digits and underscores'),
  label: z.string().optional(),
  type: z.enum(['dashboard', 'notebook', 'analysis', 'ml', 'application']),
  url: z.string().optional(),
  maturity: z.enum(['high', 'medium', 'low']).optional(),
  owner: z.looseObject({ name: z.string().optional(), email: z.union([z.string(), z.array(z.string())]).optional() }),
  depends_on: z.array(z.string()).default([]),
  tags: Tags.default([]),
  config: z.strictObject({ enabled: z.boolean(), meta: Meta, tags: Tags }).partial().default({}),
})
export type Exposure = z.infer<typeof Exposure>

const FORMATS = ['dict', 'csv', 'sql'] as const
const Fixture = z.strictObject({
  rows: z.union([z.array(z.record(z.string(), z.unknown())), z.string()]).nullish(),
  format: z.enum(FORMATS).default('dict'),
  fixture: z.string().optional(),
})
const UnitTest = z.strictObject({
  ...described,
  name: z.string().regex(/^\w+$/, 'letters, digits and underscores'),
  model: z.string(),
  given: z.array(Fixture.extend({ input: z.string() })).default([]),
  expect: Fixture,
  overrides: z
    .strictObject({ macros: Meta.default({}), vars: Meta.default({}), env_vars: Meta.default({}) })
    .default({ macros: {}, vars: {}, env_vars: {} }),
  config: z.strictObject({ enabled: z.boolean(), meta: Meta, tags: Tags }).partial().default({}),
  tags: Tags.default([]),
})
export type UnitTest = z.infer<typeof UnitTest>

const SingularTest = z.strictObject({ ...described, config: TestSettings.default({}), docs: z.unknown().optional() })
export type SingularTest = z.infer<typeof SingularTest>

const Documented = z.array(z.looseObject({ name: z.string(), description: z.string().default('') })).default([])

/** A YAML file among the models, seeds, snapshots, macros or tests: what it says of them. */
export const PropertiesFile = z.strictObject({
  version: z.literal(2).optional(),
  models: z.array(Node.extend({ config: NODE_SETTINGS.model.default({}) })).default([]),
  seeds: z.array(Node.extend({ config: NODE_SETTINGS.seed.default({}) })).default([]),
  snapshots: z
    .array(Node.extend({ config: NODE_SETTINGS.snapshot.default({}), relation: z.string().optional() }))
    .default([]),
  sources: z.array(Source).default([]),
  exposures: z.array(Exposure).default([]),
  unit_tests: z.array(UnitTest).default([]),
  // Of singular tests; those of a node stand below it.
  data_tests: z.array(SingularTest).default([]),
  tests: z.array(SingularTest).default([]),
  // Only documentation; what they describe is read from its own file.
  macros: Documented,
  analyses: Documented,
  groups: Documented,
})
export type PropertiesFile = z.infer<typeof PropertiesFile>
