/** Where a relation stands in the database. */
export interface RelationName {
  schema: string
  name: string
}

/** A relation as a template sees it. It prints as `text` where that is given, such as a query in parentheses. */
export interface RenderedRelation extends RelationName {
  database?: string
  text?: string
}

// The words that Postgres does not take as a name without quotes (pg_get_keywords(), catcode R and T).
const RESERVED = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation ' +
    'column concurrently constraint create cross current_catalog current_date current_role current_schema ' +
    'current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for ' +
    'foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral ' +
    'leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps ' +
    'placing primary references returning right select session_user similar some symmetric system_user table ' +
    'tablesample then to trailing true union unique user using variadic verbose when where window with'
  ).split(' '),
)

/** A name as SQL, quoted only where Postgres needs it. */
function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export function relationSql(relation: RelationName): string {
  return `${quoteName(relation.schema)}.${quoteName(relation.name)}`
}
