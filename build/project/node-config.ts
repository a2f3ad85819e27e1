import { z } from 'zod'
import { oneOf } from './yaml-file.ts'

/** What can be named by ref(): models, seeds and snapshots. */
export type NodeKind = 'model' | 'seed' | 'snapshot'

const MATERIALIZATIONS = ['view', 'table', 'incremental', 'ephemeral'] as const
const INCREMENTAL_STRATEGIES = ['append', 'delete+insert', 'merge'] as const
const SCHEMA_CHANGES = ['ignore', 'fail', 'append_new_columns'] as const
const SNAPSHOT_STRATEGIES = ['timestamp', 'check'] as const
const HARD_DELETES = ['ignore', 'invalidate', 'new_record'] as const
const ACCESS = ['private', 'protected', 'public'] as const
const INDEX_TYPES = ['btree', 'hash', 'gin', 'gist', 'spgist', 'brin'] as const

const oneOrMore = z.union([z.string().transform((column) => [column]), z.array(z.string()).min(1)])
export const Tags = z.union([z.string().transform((tag) => [tag]), z.array(z.string())])

const shared = {
  schema: z.string().nullable(),
  alias: z.string().min(1),
  enabled: z.boolean(),
  tags: Tags,
  meta: z.record(z.string(), z.unknown()),
  group: z.string(),
  docs: z.object({ show: z.boolean() }).partial().catchall(z.unknown()),
  // Descriptions always become comments; the setting is for dbt.
  persist_docs: z.strictObject({ relation: z.literal(true), columns: z.literal(true) }),
  indexes: z.array(
    z.strictObject({
      columns: z.array(z.string()).min(1),
      unique: z.boolean().default(false),
      type: z.enum(INDEX_TYPES, oneOf(INDEX_TYPES)).default('btree'),
    }),
  ),
}

const ModelSettings = z
  .strictObject({
    ...shared,
    materialized: z.enum(MATERIALIZATIONS, oneOf(MATERIALIZATIONS)),
    unique_key: oneOrMore,
    incremental_strategy: z.enum(INCREMENTAL_STRATEGIES, oneOf(INCREMENTAL_STRATEGIES)),
    on_schema_change: z.enum(SCHEMA_CHANGES, oneOf(SCHEMA_CHANGES)),
    full_refresh: z.boolean(),
    merge_update_columns: z.array(z.string()),
    merge_exclude_columns: z.array(z.string()),
    // Who may read the model: checked between projects, of which there is one here.
    access: z.enum(ACCESS, oneOf(ACCESS)),
    contract: z.strictObject({ enforced: z.boolean(), alias_types: z.boolean().optional() }),
  })
  .partial()

const SeedSettings = z
  .strictObject({
    ...shared,
    materialized: z.literal('seed'),
    column_types: z.record(z.string(), z.string()),
    delimiter: z.string().length(1),
    quote_columns: z.boolean(),
    full_refresh: z.boolean(),
  })
  .partial()

const SnapshotSettings = z
  .strictObject({
    ...shared,
    materialized: z.literal('snapshot'),
    unique_key: oneOrMore,
    strategy: z.enum(SNAPSHOT_STRATEGIES, oneOf(SNAPSHOT_STRATEGIES)),
    updated_at: z.string(),
    check_cols: z.union([z.literal('all'), z.array(z.string()).min(1)]),
    hard_deletes: z.enum(HARD_DELETES, oneOf(HARD_DELETES)),
    invalidate_hard_deletes: z.boolean(),
    dbt_valid_to_current: z.string(),
    target_schema: z.string(),
  })
  .partial()

/** The settings that `config()`, a YAML file or a folder of dbt_project.yml may give to each kind of node. */
export const NODE_SETTINGS = { model: ModelSettings, seed: SeedSettings, snapshot: SnapshotSettings }

export type NodeSettings = Omit<z.infer<typeof ModelSettings>, 'materialized'> &
  Omit<z.infer<typeof SeedSettings>, 'materialized'> &
  Omit<z.infer<typeof SnapshotSettings>, 'materialized'> & { materialized?: Materialization | undefined }

export type Materialization = (typeof MATERIALIZATIONS)[number] | 'seed' | 'snapshot'

export interface NodeConfig extends NodeSettings {
  materialized: Materialization
  enabled: boolean
  tags: string[]
  meta: Record<string, unknown>
  /** Empty when no key was given. */
  unique_key: string[]
  incremental_strategy: (typeof INCREMENTAL_STRATEGIES)[number]
  on_schema_change: (typeof SCHEMA_CHANGES)[number]
  hard_deletes: (typeof HARD_DELETES)[number]
  indexes: NonNullable<NodeSettings['indexes']>
  /** The columns that merge updates, as SQL names them, or those that it does not, by name; all when both are empty. */
  merge_update_columns: string[]
  merge_exclude_columns: string[]
}

/** One configuration of several, the most specific last: tags add up, meta merges, of the others the last one wins. */
export function mergeSettings(kind: NodeKind, layers: NodeSettings[]): NodeConfig {
  const merged: NodeSettings = Object.assign({}, ...layers)
  const unique_key = merged.unique_key ?? []
  return {
    ...merged,
    materialized: kind === 'model' ? (merged.materialized ?? 'view') : kind,
    enabled: merged.enabled ?? true,
    on_schema_change: merged.on_schema_change ?? 'ignore',
    indexes: merged.indexes ?? [],
    merge_update_columns: merged.merge_update_columns ?? [],
    merge_exclude_columns: merged.merge_exclude_columns ?? [],
    incremental_strategy: merged.incremental_strategy ?? (unique_key.length > 0 ? 'delete+insert' : 'append'),
    hard_deletes: merged.hard_deletes ?? (merged.invalidate_hard_deletes === true ? 'invalidate' : 'ignore'),
    unique_key,
    tags: [...new Set(layers.flatMap((layer) => layer.tags ?? []))],
    meta: Object.assign({}, ...layers.map((layer) => layer.meta)),
  }
}

/** What cannot be built although each setting alone is fine, or null. */
export function conflictIn(config: NodeConfig): string | null {
  const { materialized, unique_key } = config
  if ((materialized === 'view' || materialized === 'ephemeral') && config.indexes.length > 0) {
    return `${materialized === 'view' ? 'a view' : 'an ephemeral model'} cannot have indexes: use a table`
  }
  if (materialized === 'snapshot') {
    if (config.strategy === undefined) return 'a snapshot needs a strategy: timestamp or check'
    if (unique_key.length === 0) return 'a snapshot needs a unique_key'
    if (config.strategy === 'timestamp' && config.updated_at === undefined) return 'timestamp needs updated_at'
    if (config.strategy === 'check' && config.check_cols === undefined)
      return "check needs check_cols: a list, or 'all'"
  }
  if (materialized === 'incremental' && config.incremental_strategy === 'delete+insert' && unique_key.length === 0) {
    return 'delete+insert needs a unique_key'
  }
  if (config.merge_update_columns.length > 0 && config.merge_exclude_columns.length > 0) {
    return 'merge_update_columns and merge_exclude_columns exclude each other: give one'
  }
  if (!ownSettings(config).isArrivalKeyed) return null
  if (materialized !== 'incremental') return 'meta.milepost.increment needs materialized: incremental'
  // What arrives while a build runs may be read by it and by the next one.
  if (unique_key.length === 0) return 'meta.milepost.increment needs a unique_key: rows may come twice'
  return null
}

const OwnSettings = z.strictObject({
  increment: z.literal('arrival').optional(),
  publish: z.string().min(1).optional(),
  // Dates begin at a quarter of an hour in every time zone there is.
  clock: z.literal('quarter_hour').optional(),
})

/** Milepost's own settings, which stand under `meta.milepost`, where dbt lets them be. Throws a ZodError. */
export function ownSettings(config: NodeConfig): {
  isArrivalKeyed: boolean
  publishGroup: string
  isSteadyWithinQuarterHour: boolean
} {
  const { increment, publish, clock } = OwnSettings.parse(config.meta.milepost ?? {})
  return {
    isArrivalKeyed: increment === 'arrival',
    publishGroup: publish ?? 'default',
    isSteadyWithinQuarterHour: clock === 'quarter_hour',
  }
}
