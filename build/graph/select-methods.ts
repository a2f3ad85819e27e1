import { posix } from 'node:path'
import { PipelineError } from '../../core/errors.ts'
import { didYouMean } from '../template/problem.ts'
import type { SelectableNode, SelectionState } from './select.ts'

/** What a method judges a node by: of `2+config.materialized:view`, the keys [materialized] and the value view. */
export interface MethodCall {
  /** The criterion as it was typed, for messages. */
  raw: string
  keys: string[]
  value: string
  state: SelectionState | undefined
  project: string | undefined
}

type Matches = (node: SelectableNode) => boolean

const RESOURCE_TYPES = ['model', 'seed', 'snapshot', 'test', 'unit_test', 'source', 'exposure']
const ASPECTS = ['body', 'configs', 'persisted_descriptions', 'relation', 'macros', 'contract']
const STATES = ['new', 'old', 'modified', 'unmodified', ...ASPECTS.map((aspect) => `modified.${aspect}`)]
// dbt still takes `schema`, the old name of generic tests.
const TEST_KINDS: Record<string, Matches> = {
  generic: (node) => node.testKind === 'generic',
  schema: (node) => node.testKind === 'generic',
  singular: (node) => node.testKind === 'singular',
  data: (node) => node.resourceType === 'test',
  unit: (node) => node.resourceType === 'unit_test',
}

const METHODS: Record<string, (call: MethodCall) => Matches> = {
  // With or without the project's name in front; a source is found by source: only.
  fqn: ({ value }) => {
    const isNamed = (fqn: string[]) => fqn.at(-1) === value || isBelow(fqn.join('.').split('.'), value.split('.'))
    return (node) => node.resourceType !== 'source' && (isNamed(node.fqn) || isNamed(node.fqn.slice(1)))
  },
  tag: ({ value }) => {
    const matches = glob(value)
    return (node) => node.tags.some(matches)
  },
  path: ({ raw, value }) => {
    if (value.startsWith('/')) throw invalidSelection(raw, 'a path is relative to the directory of dbt_project.yml')
    const pattern = value.split('/').filter((part) => part !== '' && part !== '.')
    const matchers = pattern.map((part) => (part === '**' ? part : glob(part)))
    const isFolder = value.endsWith('/')
    if (isFolder) matchers.push(() => true)
    return ({ path, patchPath }) =>
      isWithin(path.split('/'), matchers) ||
      // A YAML file selects what it describes, its folder does not.
      (patchPath !== undefined && !isFolder && isWithin(patchPath.split('/'), matchers, true))
  },
  file: ({ value }) => {
    const matches = glob(value)
    return ({ path }) => matches(posix.basename(path)) || matches(posix.parse(path).name)
  },
  source: (call) => {
    const names = namesOf(call, ['source', 'source.table', 'project.source.table'])
    const [table = '*', source = '*', project = '*'] = names.length === 1 ? ['*', ...names] : names
    const [isTable, isSource, isProject] = [glob(table), glob(source), glob(project)]
    return ({ resourceType, name, sourceName = '', packageName }) =>
      resourceType === 'source' && isTable(name) && isSource(sourceName) && isProject(packageName)
  },
  exposure: (call) => namedIn(call, 'exposure'),
  unit_test: (call) => namedIn(call, 'unit_test'),
  resource_type: ({ raw, value }) => {
    checkChoice(raw, 'resource type', value, RESOURCE_TYPES)
    return (node) => node.resourceType === value
  },
  test_type: ({ raw, value }) => {
    checkChoice(raw, 'type of test', value, Object.keys(TEST_KINDS))
    return TEST_KINDS[value] ?? (() => false)
  },
  test_name: ({ value }) => {
    const matches = glob(value)
    return ({ resourceType, name, testKind, testName = '' }) =>
      resourceType === 'unit_test' ? matches(name) : testKind === 'generic' && matches(testName)
  },
  package: ({ value, project }) => {
    const matches = value !== 'this' ? glob(value) : (name: string) => project === undefined || name === project
    return (node) => matches(node.packageName)
  },
  config: ({ raw, keys, value }) => {
    if (keys.length === 0 || keys.includes('')) {
      throw invalidSelection(raw, 'config needs the name of a setting: config.materialized:view')
    }
    const isSeverity = keys.join('.') === 'severity'
    const folded = value.toLowerCase()
    const equals = (found: unknown) =>
      typeof found === 'boolean'
        ? folded === String(found)
        : found === value || (isSeverity && typeof found === 'string' && found.toLowerCase() === folded)
    return ({ resourceType, config }) => {
      if (resourceType === 'exposure' || resourceType === 'unit_test') return false
      const found = settingAt(config, keys)
      return Array.isArray(found) ? found.some(equals) : equals(found)
    }
  },
  state: (call) => {
    const { raw, value } = call
    checkChoice(raw, 'state', value, STATES)
    const state = stateOf(call)
    if (value === 'new') return (node) => state.isNew(node)
    if (value === 'old') return (node) => !state.isNew(node)
    if (value === 'unmodified') return (node) => !state.isModified(node)
    const aspect = value.split('.')[1]
    return (node) => (aspect === undefined ? state.isModified(node) : state.isModified(node, aspect))
  },
  result: (call) => {
    const state = stateOf(call)
    return (node) => state.resultOf(node.uniqueId) === call.value
  },
  source_status: (call) => {
    checkChoice(call.raw, 'source status', call.value, ['fresher'])
    const state = stateOf(call)
    if (state.sourceStatus === undefined)
      throw invalidSelection(call.raw, 'the earlier run has no freshness of sources')
    return (node) => state.sourceStatus?.(node.uniqueId) === call.value
  },
}

/** Tells for each node whether the method selects it. Throws SELECTION_INVALID, also for a method that is unknown. */
export function methodMatches(method: string, call: MethodCall): Matches {
  checkChoice(call.raw, 'method', method, Object.keys(METHODS))
  return METHODS[method]?.(call) ?? (() => false)
}

export function checkResourceTypes(types: string[]): void {
  for (const type of types) checkChoice(type, 'resource type', type, RESOURCE_TYPES)
}

export function invalidSelection(raw: string, problem: string): PipelineError {
  return new PipelineError('SELECTION_INVALID', `The selection "${raw}" is not valid: ${problem}`, 'never')
}

function checkChoice(raw: string, noun: string, value: string, choices: string[]): void {
  if (choices.includes(value)) return
  const hint = didYouMean(value, choices) || ';'
  throw invalidSelection(raw, `there is no ${noun} ${value}${hint} choose from ${choices.join(', ')}`)
}

function stateOf({ raw, state }: MethodCall): SelectionState {
  if (state === undefined) throw invalidSelection(raw, 'it compares with an earlier run, and none was given')
  return state
}

/** The dotted names of a value, from the last to the first. */
function namesOf({ raw, value }: MethodCall, forms: string[]): string[] {
  const names = value.split('.')
  if (names.length > forms.length) throw invalidSelection(raw, `write it as ${forms.join(' or ')}`)
  return names.reverse()
}

function namedIn(call: MethodCall, resourceType: SelectableNode['resourceType']): Matches {
  const [name = '*', project = '*'] = namesOf(call, ['name', 'project.name'])
  const [isName, isProject] = [glob(name), glob(project)]
  return (node) => node.resourceType === resourceType && isName(node.name) && isProject(node.packageName)
}

/** Whether the dotted pattern is the start of a node's names; from its first wildcard on it must match them to the end. */
function isBelow(names: string[], pattern: string[]): boolean {
  if (names.length < pattern.length) return false
  const wild = pattern.findIndex((part) => /[*?[\]]/.test(part))
  const exact = wild < 0 ? pattern : pattern.slice(0, wild)
  if (!exact.every((part, index) => part === names[index])) return false
  return wild < 0 || glob(pattern.slice(wild).join('.'))(names.slice(wild).join('.'))
}

/** Whether a path is, or (unless `isWhole`) lies in, what a glob names; `**` stands for any number of folders. */
function isWithin(parts: string[], pattern: ('**' | ((part: string) => boolean))[], isWhole = false): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return !isWhole || parts.length === 0
  if (first === '**') return parts.some((_, index) => isWithin(parts.slice(index), rest, isWhole))
  const [part, ...below] = parts
  return part !== undefined && first(part) && isWithin(below, rest, isWhole)
}

/** Shell wildcards as Python's fnmatch has them: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`; a `*` matches `.` and `/` too. */
function glob(pattern: string): (text: string) => boolean {
  const source = pattern.replaceAll(/\[(!?)(\]?[^\]]*)\]|\W/g, (symbol, not?: string, set?: string) => {
    if (set !== undefined && set !== '') return `[${not === '!' ? '^' : ''}${characterSet(set)}]`
    return symbol === '*' ? '.*' : symbol === '?' ? '.' : escaped(symbol)
  })
  const expression = new RegExp(`^${source}$`, 's')
  return (text) => expression.test(text)
}

function characterSet(set: string): string {
  return set.replaceAll(/(.)-(.)|\W/gs, (symbol, low?: string, high?: string) => {
    if (low === undefined || high === undefined) return escaped(symbol)
    return low > high ? '' : `${escaped(low)}-${escaped(high)}`
  })
}

function escaped(symbols: string): string {
  return symbols.replaceAll(/\W/g, String.raw`\$&`)
}

function settingAt(config: Record<string, unknown>, keys: string[]): unknown {
  return keys.reduce<unknown>((found, key) => {
    const isRecord = typeof found === 'object' && found !== null && !Array.isArray(found) && Object.hasOwn(found, key)
    return isRecord ? (found as Record<string, unknown>)[key] : undefined
  }, config)
}
