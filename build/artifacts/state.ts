import { isDeepStrictEqual } from 'node:util'
import type { SelectionState } from '../graph/select.ts'
import type { Manifest } from './manifest.ts'
import { asState, readManifest, readRunResults, readSources, type StateManifest } from './read.ts'
import type { Sources } from './sources.ts'

type Node = StateManifest['nodes'][string]
type Entry = Record<string, unknown>
type Compare = (now: Node, before: Node) => boolean

/**
 * The run whose artifacts are in `dir`, ours or dbt's, as what `current` is compared with. Each file is read when it
 * is first asked for; then STATE_MISSING or STATE_INVALID is thrown. `sources` is the freshness as it is now.
 */
export function selectionState(dir: string, current: Manifest, sources?: Sources): SelectionState {
  const manifests = once(() => ({ now: asState(current), before: readManifest(dir) }))
  const results = once(() => new Map(readRunResults(dir).results.map((result) => [result.unique_id, result.status])))
  const loaded = once(() => new Map(readSources(dir).results.map((result) => [result.unique_id, result.max_loaded_at])))
  return {
    isNew: ({ uniqueId }) => {
      const { before } = manifests()
      return !Object.hasOwn(before.nodes, uniqueId) && !SECTIONS.some((name) => Object.hasOwn(before[name], uniqueId))
    },
    isModified: ({ uniqueId }, aspect) => isModified(manifests(), uniqueId, aspect),
    resultOf: (uniqueId) => results().get(uniqueId),
    ...(sources === undefined
      ? {}
      : { sourceStatus: (uniqueId) => (isFresher(sources, loaded(), uniqueId) ? 'fresher' : undefined) }),
  }
}

function once<T extends object>(read: () => T): () => T {
  let value: T | undefined
  return () => (value ??= read())
}

function isModified(
  { now, before }: { now: StateManifest; before: StateManifest },
  id: string,
  aspect?: string,
): boolean {
  const node = now.nodes[id]
  if (node === undefined) {
    const section = SECTIONS.find((name) => Object.hasOwn(now[name], id))
    return section !== undefined && isOtherModified(section, now[section][id], before[section][id], aspect)
  }
  if (aspect === 'macros') return usesChangedMacro(now, before, node)
  const earlier = before.nodes[id]
  if (earlier === undefined) return true
  const compared = aspect === undefined ? comparisonsOf(node) : [ASPECTS[aspect]]
  const isChanged = compared.some((isSame) => isSame?.(node, earlier) === false)
  return isChanged || (aspect === undefined && usesChangedMacro(now, before, node))
}

const SECTIONS = ['sources', 'exposures', 'unit_tests'] as const

/** The keys that are compared of what is no node, by aspect. */
const KEYS: Record<(typeof SECTIONS)[number], Record<string, string[]>> = {
  sources: {
    relation: ['database', 'schema', 'identifier'],
    configs: ['unrendered_config'],
    others: ['fqn', 'quoting', 'freshness', 'loaded_at_field', 'external'],
  },
  exposures: {
    configs: ['unrendered_config'],
    others: ['fqn', 'type', 'owner', 'maturity', 'url', 'description', 'label', 'depends_on'],
  },
  unit_tests: { others: ['checksum'] },
}

function isOtherModified(
  section: (typeof SECTIONS)[number],
  now: Entry = {},
  before?: Entry,
  aspect?: string,
): boolean {
  const keys = aspect === undefined ? Object.values(KEYS[section]).flat() : KEYS[section][aspect]
  if (keys === undefined) return false
  // In dbt a source or exposure that was not there before is new, but as a whole not modified.
  if (before === undefined) return aspect !== undefined || section === 'unit_tests'
  return keys.some((key) => !isDeepStrictEqual(comparable(now[key]), comparable(before[key])))
}

/** Of what is depended on only the nodes count, in whichever order. */
function comparable(value: unknown): unknown {
  const { nodes } = Object(value) as { nodes?: string[] }
  return nodes === undefined ? value : new Set(nodes)
}

const isEqualIn =
  (key: keyof Node): Compare =>
  (now, before) =>
    isDeepStrictEqual(now[key], before[key])

const RELATION_SETTINGS = ['database', 'schema', 'alias']
const UNCOMPARED = new Set([...RELATION_SETTINGS, 'tags', 'group'])
const TEST_SETTINGS = [
  'severity',
  'where',
  'limit',
  'fail_calc',
  'warn_if',
  'error_if',
  'store_failures',
  'store_failures_as',
]

const ASPECTS: Record<string, Compare> = {
  body: (now, before) => isEqualIn(now.resource_type === 'seed' ? 'checksum' : 'raw_code')(now, before),
  // As they were given, so that a setting that depends on the environment does not count as changed.
  configs: ({ resource_type, unrendered_config: now }, { unrendered_config: before }) => {
    const keys =
      resource_type === 'test'
        ? TEST_SETTINGS
        : Object.keys({ ...now, ...before }).filter((key) => !UNCOMPARED.has(key))
    return keys.every((key) => isDeepStrictEqual(now[key], before[key]))
  },
  persisted_descriptions: (now, before) => {
    const { relation, columns } = Object(now.config.persist_docs)
    const texts = (node: Node) =>
      Object.values(node.columns)
        .map(({ name, description }) => `${name} ${description}`)
        .sort()
    if (relation === true && now.description !== before.description) return false
    return columns !== true || isDeepStrictEqual(texts(now), texts(before))
  },
  relation: ({ unrendered_config: now }, { unrendered_config: before }) =>
    RELATION_SETTINGS.every((key) => (now[key] ?? null) === (before[key] ?? null)),
  contract: ({ contract: now }, { contract: before }) => {
    if (now?.enforced !== true && before?.enforced !== true) return true
    return now?.enforced === before?.enforced && now?.checksum === before?.checksum
  },
}

function comparisonsOf(node: Node): (Compare | undefined)[] {
  // Of a test in YAML dbt compares no more.
  if (node.test_metadata !== undefined) return [ASPECTS.configs, isEqualIn('fqn')]
  return [...Object.values(ASPECTS), isEqualIn('fqn'), isEqualIn('access')]
}

/** Whether a macro that a node calls, directly or through others, is new or has another text. */
function usesChangedMacro(now: StateManifest, before: StateManifest, node: Node): boolean {
  const seen = new Set<string>()
  const isChanged = (id: string): boolean => {
    if (seen.has(id)) return false
    seen.add(id)
    const macro = now.macros[id]
    return macro?.macro_sql !== before.macros[id]?.macro_sql || (macro?.depends_on.macros ?? []).some(isChanged)
  }
  return node.depends_on.macros.some(isChanged)
}

function isFresher(sources: Sources, before: Map<string, string | undefined>, id: string): boolean {
  const now = sources.results.find((result) => result.unique_id === id)
  if (now === undefined || !('max_loaded_at' in now)) return false
  const earlier = before.get(id)
  return earlier === undefined || Date.parse(now.max_loaded_at) > Date.parse(earlier)
}
