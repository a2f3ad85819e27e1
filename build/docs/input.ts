/** Left out or null: writers of artifacts do either. */
type Maybe<T> = T | null | undefined

/** What the site reads of dbt's manifest (v12) and catalog (v1); real ones hold much more. */
export interface Manifest {
  metadata: { project_name?: Maybe<string> }
  nodes: Record<string, ManifestNode>
  sources: Record<string, ManifestSource>
  exposures: Record<string, ManifestExposure>
  docs: Record<string, { name: string; package_name: string; block_contents: string }>
  unit_tests?: Maybe<Record<string, ManifestUnitTest>>
}

/** A model, seed, snapshot or data test. */
export interface ManifestNode extends Described {
  resource_type: string
  package_name: string
  /** Below its model, seed, snapshot or test path. */
  path: string
  original_file_path: string
  schema?: Maybe<string>
  alias?: Maybe<string>
  version?: Maybe<string | number>
  raw_code?: Maybe<string>
  compiled_code?: Maybe<string>
  config: { materialized?: Maybe<string>; severity?: Maybe<string> }
  docs?: Maybe<{ show?: Maybe<boolean> }>
  columns: ManifestColumns
  depends_on: { nodes?: Maybe<string[]> }
  /** Of a generic test only. */
  column_name?: Maybe<string>
  attached_node?: Maybe<string>
  test_metadata?: Maybe<{ name: Maybe<string>; namespace?: Maybe<string>; kwargs?: Maybe<Record<string, unknown>> }>
}

export interface ManifestSource extends Described {
  package_name: string
  original_file_path: string
  source_name: string
  source_description?: Maybe<string>
  schema?: Maybe<string>
  identifier: string
  loader?: Maybe<string>
  loaded_at_field?: Maybe<string>
  freshness?: Maybe<{ warn_after?: Maybe<Period>; error_after?: Maybe<Period> }>
  columns: ManifestColumns
}

export interface ManifestExposure extends Described {
  package_name: string
  original_file_path: string
  label?: Maybe<string>
  type?: Maybe<string>
  maturity?: Maybe<string>
  url?: Maybe<string>
  owner?: Maybe<{ name?: Maybe<string>; email?: Maybe<string | string[]> }>
  depends_on: { nodes?: Maybe<string[]> }
}

export interface ManifestUnitTest extends Described {
  original_file_path: string
  package_name: string
  depends_on: { nodes?: Maybe<string[]> }
}

export interface Described {
  name: string
  description?: Maybe<string>
  tags?: Maybe<string[]>
}

type ManifestColumns = Record<string, { name: string; description?: Maybe<string>; data_type?: Maybe<string> }>

export interface Period {
  count?: Maybe<number>
  period?: Maybe<string>
}

export interface Catalog {
  nodes: Record<string, CatalogTable>
  sources: Record<string, CatalogTable>
}

export interface CatalogTable {
  metadata: { type?: Maybe<string> }
  columns: Record<string, { name: string; type: string; index: number; comment?: Maybe<string> }>
  stats?: Maybe<Record<string, { id: string; label: string; value: unknown; include: boolean }>>
}

export type LineageKind = 'identity' | 'transform' | 'aggregate'

/** For each node by its unique id, the columns that each of its columns is made of. */
export type ColumnLineage = Record<
  string,
  { columns: Record<string, { node: string; column: string; kind: LineageKind }[]> }
>

export interface SiteInput {
  manifest: Manifest
  catalog: Catalog
  lineage: ColumnLineage | null
  generatedAt: Date
}
