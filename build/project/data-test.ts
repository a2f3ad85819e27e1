import { z } from 'zod'
import type { SourceText } from '../template/problem.ts'
import type { Template } from '../template/template.ts'
import { Tags } from './node-config.ts'
import { oneOf } from './yaml-file.ts'

const SEVERITIES = ['warn', 'error'] as const
const Threshold = z
  .union([z.string(), z.number().transform((count) => `>= ${count}`)])
  .refine(
    (text) => /^\s*(=|!=|<>|<|<=|>|>=|between)\s*\d+(\s+and\s+\d+)?\s*$/i.test(text),
    'a comparison such as ">10"',
  )

/** The settings of a data test, from `config()` of a singular test, from YAML, or from dbt_project.yml. */
export const TestSettings = z
  .strictObject({
    severity: z.preprocess(
      (value) => (typeof value === 'string' ? value.toLowerCase() : value),
      z.enum(SEVERITIES, oneOf(SEVERITIES)),
    ),
    enabled: z.boolean(),
    tags: Tags,
    meta: z.record(z.string(), z.unknown()),
    where: z.string(),
    limit: z.int().positive(),
    warn_if: Threshold,
    error_if: Threshold,
  })
  .partial()
export type TestSettings = z.infer<typeof TestSettings>

/** What a generic test reads: a model, seed or snapshot by name, or a source. */
export type Reference = { node: string } | { source: string; table: string }

/** A test of the four that the builder knows itself. */
export interface BuiltInTest {
  type: 'unique' | 'not_null' | 'accepted_values' | 'relationships'
  /** SQL literals that are allowed. */
  values?: string
  /** What the column refers to. */
  parent?: { to: Reference; field: string }
}

/** A query that returns the wrong rows: a file of its own, or an entry in YAML. */
export interface DataTest {
  name: string
  kind: 'generic' | 'singular'
  /** Where it is written; for errors. */
  source: SourceText
  settings: TestSettings
  description: string
  /** Of a singular test, and of a generic one that the project defines. */
  template: Template | null
  builtIn: BuiltInTest | null
  /** What a generic test is about, its kind (such as not_null), and what it was given. */
  subject: Reference | null
  type: string | null
  column: string | null
  args: Record<string, unknown>
}
