import { isSlip } from '../template/problem.ts'
import { NODE_SETTINGS } from './node-config.ts'
import type { Path } from './yaml-file.ts'

const SETTINGS = Object.values(NODE_SETTINGS).flatMap((schema) => Object.keys(schema.shape))
const PROPERTIES =
  'name description columns tests data_tests constraints config meta docs tags quote data_type access group relation'.split(
    ' ',
  )
// What dbt reads of nodes and we do not: passed over, another relation would be built.
const OF_DBT = (
  'pre-hook post-hook pre_hook post_hook grants database target_database packages quoting unlogged sql_header ' +
  'incremental_predicates predicates event_time batch_size begin lookback concurrent_batches versions latest_version ' +
  'deprecation_date time_spine snapshot_meta_column_names'
).split(' ')
const OF_NODES = [...SETTINGS, ...PROPERTIES, ...OF_DBT]
const OF_SOURCES = [...PROPERTIES, ...'enabled freshness loaded_at_field identifier quoting loader external'.split(' ')]

/**
 * Whether dbt passes over a key of a YAML file, as it does for one that it does not know at a node, a table of a source
 * or a column. One that is nearly a key with a meaning is misspelt.
 */
export function isPassedOver([section, , tables]: Path, key: string): boolean {
  if (section === 'sources') return tables === 'tables' && isFarFrom(key, OF_SOURCES)
  return /^(models|seeds|snapshots)$/.test(String(section)) && isFarFrom(key, OF_NODES)
}

const isFarFrom = (key: string, known: string[]) => !known.includes(key) && !isSlip(key, known)
