import { z } from 'zod'
import { oneOf } from './yaml-file.ts'

const MATERIALIZATIONS = ['view', 'table', 'incremental'] as const
const STRATEGIES = ['append', 'delete+insert'] as const
const SCHEMA_CHANGES = ['ignore', 'fail'] as const
const INDEX_TYPES = ['btree', 'hash', 'gin', 'gist', 'spgist', 'brin'] as const

/** The settings of a model, as `config()`, a YAML file or a folder of dbt_project.yml gives them. */
export const ModelSettings = z
  .strictObject({
    materialized: z.enum(MATERIALIZATIONS, oneOf(MATERIALIZATIONS)),
    schema: z.string().nullable(),
    alias: z.string().min(1),
    enabled: z.boolean(),
    tags: z.union([z.string().transform((tag) => [tag]), z.array(z.string())]),
    meta: z.record(z.string(), z.unknown()),
    unique_key: z.union([z.string().transform((column) => [column]), z.array(z.string()).min(1)]),
    incremental_strategy: z.enum(STRATEGIES, oneOf(STRATEGIES)),
    on_schema_change: z.enum(SCHEMA_CHANGES, oneOf(SCHEMA_CHANGES)),
    full_refresh: z.boolean(),
    indexes: z.array(
      z.strictObject({
        columns: z.array(z.string()).min(1),
        unique: z.boolean().default(false),
        type: z.enum(INDEX_TYPES, oneOf(INDEX_TYPES)).default('btree'),
      }),
    ),
    // Descriptions always become comments; the setting is for dbt.
    persist_docs: z.strictObject({ relation: z.literal(true), columns: z.literal(true) }),
  })
  .partial()
export type ModelSettings = z.infer<typeof ModelSettings>

export interface ModelConfig extends ModelSettings {
  materialized: (typeof MATERIALIZATIONS)[number]
  enabled: boolean
  tags: string[]
  meta: Record<string, unknown>
  /** Empty when no key was given. */
  unique_key: string[]
  incremental_strategy: (typeof STRATEGIES)[number]
  on_schema_change: (typeof SCHEMA_CHANGES)[number]
  indexes: NonNullable<ModelSettings['indexes']>
}

/** One configuration of several, the most specific last: tags add up, meta merges, of the others the last one wins. */
export function mergeSettings(layers: ModelSettings[]): ModelConfig {
  const merged: ModelSettings = Object.assign({}, ...layers)
  const unique_key = merged.unique_key ?? []
  return {
    ...merged,
    materialized: merged.materialized ?? 'view',
    enabled: merged.enabled ?? true,
    on_schema_change: merged.on_schema_change ?? 'ignore',
    indexes: merged.indexes ?? [],
    incremental_strategy: merged.incremental_strategy ?? (unique_key.length > 0 ? 'delete+insert' : 'append'),
    unique_key,
    tags: [...new Set(layers.flatMap((layer) => layer.tags ?? []))],
    meta: Object.assign({}, ...layers.map((layer) => layer.meta)),
  }
}

/** What cannot be built although each setting alone is fine, or null. */
export function conflictIn(config: ModelConfig): string | null {
  if (config.materialized === 'view' && config.indexes.length > 0) return 'a view cannot have indexes: use a table'
  if (config.materialized !== 'incremental') return null
  if (config.incremental_strategy === 'delete+insert' && config.unique_key.length === 0) {
    return 'delete+insert needs a unique_key'
  }
  return null
}
