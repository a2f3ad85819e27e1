import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../../core/errors.ts'
import { schemaOf, type ArtifactKind } from './metadata.ts'
import { FILES } from './write.ts'

const settings = z.record(z.string(), z.unknown())
const dependsOn = z.looseObject({ nodes: z.array(z.string()).default([]), macros: z.array(z.string()).default([]) })

const Node = z.looseObject({
  resource_type: z.string(),
  fqn: z.array(z.string()),
  checksum: z.looseObject({ name: z.string(), checksum: z.string() }),
  config: settings,
  unrendered_config: settings,
  description: z.string(),
  columns: z.record(z.string(), z.looseObject({ name: z.string(), description: z.string().default('') })),
  raw_code: z.string(),
  depends_on: dependsOn,
  access: z.string().nullish(),
  contract: z.looseObject({ enforced: z.boolean(), checksum: z.string().nullish() }).optional(),
  test_metadata: z.looseObject({ name: z.string() }).optional(),
})

/** The part of dbt's manifest that is compared with a later one. */
const StateManifest = z.looseObject({
  nodes: z.record(z.string(), Node),
  sources: z.record(z.string(), z.looseObject({ fqn: z.array(z.string()), unrendered_config: settings })),
  exposures: z.record(z.string(), z.looseObject({ fqn: z.array(z.string()), depends_on: dependsOn })),
  unit_tests: z.record(z.string(), z.looseObject({ checksum: z.string().nullable() })),
  macros: z.record(z.string(), z.looseObject({ macro_sql: z.string(), depends_on: dependsOn })),
})
export type StateManifest = z.infer<typeof StateManifest>

const StateResults = z.looseObject({
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      adapter_response: z.looseObject({ published: z.boolean().optional() }).optional(),
    }),
  ),
})

const StateSources = z.looseObject({
  results: z.array(
    z.looseObject({ unique_id: z.string(), max_loaded_at: z.iso.datetime({ offset: true, local: true }).optional() }),
  ),
})

/** Reads manifest.json in `dir`, written by us or by dbt. Throws STATE_MISSING or STATE_INVALID. */
export const readManifest = (dir: string): StateManifest => readArtifact(dir, 'manifest', StateManifest)

/** Reads run_results.json in `dir`. Throws STATE_MISSING or STATE_INVALID. */
export const readRunResults = (dir: string) => readArtifact(dir, 'run-results', StateResults)

/** Reads sources.json in `dir`. Throws STATE_MISSING or STATE_INVALID. */
export const readSources = (dir: string) => readArtifact(dir, 'sources', StateSources)

const Versioned = z.looseObject({ metadata: z.looseObject({ dbt_schema_version: z.string() }) })

/** Takes one of our manifests for what is read of an earlier one. */
export const asState = (manifest: unknown): StateManifest => StateManifest.parse(manifest)

function readArtifact<T>(dir: string, kind: ArtifactKind, schema: z.ZodType<T>): T {
  const path = join(dir, FILES[kind])
  const invalid = (problem: string, cause?: unknown) => {
    const advice = 'Build once more to write it anew, or name the folder of another run.'
    return new PipelineError('STATE_INVALID', `${path} ${problem}. ${advice}`, 'never', { cause })
  }
  let data: unknown
  try {
    data = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(`is not JSON: ${error.message}`, error)
    const message = `${path} cannot be read. Name a folder that holds the artifacts of an earlier run.`
    throw new PipelineError('STATE_MISSING', message, 'never', { cause: error })
  }
  const version = Versioned.safeParse(data).data?.metadata.dbt_schema_version
  if (version === undefined) throw invalid('does not say which version it is of, so it is no artifact of dbt')
  if (version !== schemaOf(kind)) throw invalid(`is of version ${version}; only ${schemaOf(kind)} can be read`)
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(`is broken at ${issue?.path.map(String).join('.')}: ${issue?.message}`, parsed.error)
}
