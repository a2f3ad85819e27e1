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
  materialized_view: 'use a table',
  microbatch: 'use delete+insert with a unique_key',
  sync_all_columns: 'use fail and a full refresh, or append_new_columns',
  pre_hook: 'put the statement in a migration',
  post_hook: 'put the statement in a migration; indexes have a config of their own',
  'pre-hook': 'put the statement in a migration',
  'post-hook': 'put the statement in a migration; indexes have a config of their own',
  grants: 'grant once by SQL; publishing keeps the grants of a relation and the default privileges of its schema',
  database: 'all models live in one database',
  store_failures: 'the build result shows sample rows',
}

/** A sentence that says what to use in place of an unsupported name, or ''. */
export function advice(name: string): string {
  const text = Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined
  return text === undefined ? '' : `: ${text}`
}
