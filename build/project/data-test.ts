import { z } from 'zod'
import type { Template } from '../template/template.ts'
import { oneOf } from './yaml-file.ts'

const SEVERITIES = ['warn', 'error'] as const

/** The settings of a data test, from `config()` of a singular test or from YAML. */
export const TestSettings = z
  .strictObject({
    severity: z.preprocess(
      (value) => (typeof value === 'string' ? value.toLowerCase() : value),
      z.enum(SEVERITIES, oneOf(SEVERITIES)),
    ),
    enabled: z.boolean(),
    tags: z.union([z.string(), z.array(z.string())]),
    meta: z.record(z.string(), z.unknown()),
    where: z.string(),
  })
  .partial()
export type TestSettings = z.infer<typeof TestSettings>

/** A query that returns the wrong rows. */
export interface DataTest {
  name: string
  template: Template
  settings: TestSettings
  /** The model or `source.table` that a generic test belongs to. */
  owner?: string
  column?: string
}
