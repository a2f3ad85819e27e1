/** When and by which run an artifact was made. */
export interface Provenance {
  generatedAt: Date
  invocationId: string
}

// The release of dbt whose artifacts these are like; dbt 1.9 and what reads its artifacts take them.
const DBT_VERSION = '1.9.0'
const SCHEMA_VERSIONS = { manifest: 12, 'run-results': 6, catalog: 1, sources: 3 }
export type ArtifactKind = keyof typeof SCHEMA_VERSIONS

export function schemaOf(kind: ArtifactKind): string {
  return `https://schemas.getdbt.com/dbt/${kind}/v${SCHEMA_VERSIONS[kind]}.json`
}

/** What every artifact of dbt begins with. */
export function metadataOf(kind: ArtifactKind, { generatedAt, invocationId }: Provenance) {
  return {
    dbt_schema_version: schemaOf(kind),
    dbt_version: DBT_VERSION,
    generated_at: generatedAt.toISOString(),
    invocation_id: invocationId,
    env: {},
  }
}

/** A relation in full, as dbt names it in artifacts. */
export function fullName(database: string, { schema, name }: { schema: string; name: string }): string {
  return [database, schema, name].map((part) => `"${part}"`).join('.')
}
