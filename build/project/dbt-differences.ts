import type { Graph } from '../graph/graph.ts'
import { problemAt, type SourceText } from '../template/problem.ts'
import type { ProjectFile } from './project-file.ts'
import type { PropertiesFile, TestEntry } from './properties-file.ts'
import type { Path, YamlFile } from './yaml-file.ts'

type Column = PropertiesFile['models'][number]['columns'][number]
interface Holder {
  tests: TestEntry[]
  data_tests: TestEntry[]
  columns: Column[]
}

const PASSED_OVER = 'dbt 1.9 passes over it'
const REFUSED = 'dbt 1.9 refuses it'

/** What dbt 1.9 refuses of the groups that models are in. */
export function groupDifferences({ nodes, byName }: Graph, groups: string[]): string[] {
  return nodes.flatMap(({ config: { group }, file: { source, offset }, dependsOn }) => {
    const message = `the group ${group} is not defined under groups: ${REFUSED}`
    const undefinedGroup = group === undefined || groups.includes(group) ? [] : [differenceAt(source, offset, message)]
    const shut = [...dependsOn].flatMap(([name, at]) => {
      const read = byName.get(name)?.config
      if (read?.access !== 'private' || (read.group !== undefined && read.group === group)) return []
      return [differenceAt(source, at, `${name} is private to another group: ${REFUSED}`)]
    })
    return [...undefinedGroup, ...shut]
  })
}

/** What dbt 1.9 refuses in dbt_project.yml. */
export function versionDifferences(file: YamlFile<ProjectFile>): string[] {
  const { version } = file.data
  if (typeof version !== 'string' || /^\d+\.\d+(\.\d+.*)?$/.test(version)) return []
  return [differenceAt(file.source, file.offsetOf(['version']), `the version ${version}: ${REFUSED}; write '1.0.0'`)]
}

function differenceAt(source: SourceText, offset: number, message: string): string {
  const { file, line, column } = problemAt(source, offset, message)
  return `${file}:${line}:${column}: ${message}`
}

/** What dbt 1.9 passes over or refuses in a YAML file that is accepted here, in lines with file, line and column. */
export function dbtDifferences(file: YamlFile<PropertiesFile>): string[] {
  const { data } = file
  const found: string[] = []
  const note = (path: Path, message: string) => {
    found.push(differenceAt(file.source, file.offsetOf(path), message))
  }
  const noteKeys = (path: Path, keys: object | undefined, wanted: string[], message: string) => {
    for (const key of wanted) if (key in (keys ?? {})) note([...path, key], `${key} here: ${message}`)
  }
  const noteTests = (holder: Omit<Holder, 'columns'>, path: Path) => {
    if (holder.tests.length > 0 && holder.data_tests.length > 0) {
      note([...path, 'tests'], `tests beside data_tests: ${REFUSED}; keep one of them`)
    }
    for (const key of ['tests', 'data_tests'] as const) {
      for (const [index, entry] of holder[key].entries()) noteTest(entry, [...path, key, index])
    }
  }
  const noteTest = (entry: TestEntry, path: Path) => {
    if (typeof entry === 'string') return
    const [type = ''] = Object.keys(entry)
    const below = entry[type]
    const isNamed = typeof entry.test_name === 'string'
    if (!isNamed && Object.keys(entry).length > 1) note(path, `settings beside ${type}: ${REFUSED}; put them below it`)
    const [given, at] = isNamed ? [entry, path] : [Object(below), [...path, type]]
    if ('arguments' in given) note([...at, 'arguments'], `arguments: ${REFUSED}; put them one level higher`)
    for (const key of ['warn_if', 'error_if']) {
      if (typeof given[key] === 'number') note([...at, key], `${key} without a comparison: ${REFUSED}`)
      if (typeof given.config?.[key] === 'number')
        note([...at, 'config', key], `${key} without a comparison: ${REFUSED}`)
    }
  }
  const noteHolder = (holder: Holder, path: Path) => {
    noteTests(holder, path)
    for (const [index, column] of holder.columns.entries()) {
      const at = [...path, 'columns', index]
      noteTests(column, at)
      noteKeys([...at, 'config'], column.config, ['meta', 'tags'], `${PASSED_OVER}; put it one level higher`)
    }
  }
  for (const section of ['models', 'seeds', 'snapshots'] as const) {
    for (const [index, node] of data[section].entries()) noteHolder(node, [section, index])
  }
  for (const [index, source] of data.sources.entries()) {
    const path = ['sources', index]
    const keys = ['meta', 'tags', 'loaded_at_field']
    noteKeys([...path, 'config'], source.config, keys, `${PASSED_OVER}; put it one level higher`)
    for (const [tableIndex, table] of source.tables.entries()) {
      const at = [...path, 'tables', tableIndex]
      noteHolder(table, at)
      noteKeys(at, table, ['loader'], `${PASSED_OVER}; it stands at the source`)
      noteKeys([...at, 'config'], table.config, keys, `${PASSED_OVER}; put it one level higher`)
    }
  }
  for (const [index, { config, owner }] of data.exposures.entries()) {
    const path = ['exposures', index]
    noteKeys([...path, 'config'], config, ['meta', 'tags'], `${PASSED_OVER}; put it one level higher`)
    if (typeof (owner.email ?? owner.name) !== 'string')
      note([...path, 'owner'], `an owner without a name or one email: ${REFUSED}`)
  }
  for (const [index, test] of data.unit_tests.entries()) {
    if (test.meta !== undefined) note(['unit_tests', index, 'meta'], `meta here: ${REFUSED}; put it below config`)
    if (test.tags.length > 0) note(['unit_tests', index, 'tags'], `tags here: ${REFUSED}; put them below config`)
  }
  for (const [index, group] of data.groups.entries()) noteKeys(['groups', index], group, ['config'], REFUSED)
  for (const index of data.tests.keys())
    note(['tests', index], `tests at the top of a file: ${PASSED_OVER}; write data_tests`)
  return found
}
