// What to use in place of the parts of dbt that this builder refuses.
const ADVICE: Record<string, string> = {
  run_query: 'a model cannot query while it is rendered; write the query as SQL',
  statement: 'a model cannot query while it is rendered; write the query as SQL',
  adapter: 'write the SQL for Postgres directly',
  dbt: 'write the SQL for Postgres directly',
  dbt_utils: 'packages are not installed; write a macro in the macro-paths',
  run_started_at: 'use now() in SQL, or a variable',
  invocation_id: 'use a variable',
  graph: 'name the model with ref()',
  caller: 'pass the text as an argument',
  doc: 'it stands in descriptions only',
  safe: 'leave it out, as nothing is escaped',
  call: 'pass the text as an argument of the macro',
  filter: 'apply the filter to an expression: {{ value | filter }}',
  materialization: 'use view, table or incremental',
  snapshot: 'it stands in a file of the snapshot-paths',
  ephemeral: 'use a view',
  materialized_view: 'use a table',
  merge: 'use delete+insert with a unique_key',
  microbatch: 'use delete+insert with a unique_key',
  append_new_columns: 'use fail, and rebuild with a full refresh',
  sync_all_columns: 'use fail, and rebuild with a full refresh',
  pre_hook: 'put the statement in a migration',
  post_hook: 'put the statement in a migration; indexes have a config of their own',
  'pre-hook': 'put the statement in a migration',
  'post-hook': 'put the statement in a migration; indexes have a config of their own',
  grants: 'grant once by SQL; publishing keeps the grants of a relation and the default privileges of its schema',
  contract: 'test the columns with data tests',
  constraints: 'test the columns with data tests',
  database: 'all models live in one database',
  warn_if: 'use severity: warn',
  error_if: 'use severity: error',
  store_failures: 'the build result shows sample rows',
  freshness: 'remove it',
  seeds: 'load the file into a table and declare it as a source',
  snapshots: 'write an incremental model',
  unit_tests: 'write a data test',
}

/** A sentence that says what to use in place of an unsupported name, or ''. */
export function advice(name: string): string {
  const text = Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined
  return text === undefined ? '' : `: ${text}`
}
