import { expect, test } from 'vitest'
import { PipelineError } from '../../core/errors.ts'
import {
  selectNodes,
  type SelectableNode,
  type SelectionOptions,
  type SelectionState,
} from '../../build/graph/select.ts'

// erp.items -> stg_items -> int_items.v2 --+
// shop.orders -> stg_orders -> fct_orders -+-> fct_days -> board     regions -> dim_regions -> snap_regions
const NODES = [
  aNode('source', 'orders', { sourceName: 'shop', path: 'models/staging/_s.yml', tags: ['raw'] }),
  aNode('source', 'items', { sourceName: 'erp', path: 'models/staging/_s.yml' }),
  aNode('seed', 'regions', { path: 'seeds/regions.csv' }),
  aModel('staging/stg_orders', ['orders'], { tags: ['nightly'], config: { materialized: 'view' } }),
  aModel('staging/stg_items', ['items'], { config: { materialized: 'view' }, patchPath: 'models/marts/_m.yml' }),
  aModel('staging/deep/int_items.v2', ['stg_items'], { tags: ['night.x'], config: { materialized: 'ephemeral' } }),
  aModel('marts/fct_orders', ['stg_orders'], { config: { meta: { owner: 'ana', tier: { hot: true } } } }),
  aModel('marts/fct_days', ['fct_orders', 'int_items.v2'], { config: { unique_key: ['id', 'day'], hours: [true] } }),
  aModel('marts/dim_regions', ['regions'], { packageName: 'other' }),
  aNode('snapshot', 'snap_regions', { path: 'snapshots/SNAP.SQL', dependsOn: ['dim_regions'] }),
  aNode('exposure', 'board', {
    dependsOn: ['fct_days'],
    tags: ['nightly'],
    path: 'models/marts/_m.yml',
    config: { enabled: true },
  }),
  aNode('test', 'unique_stg_orders', {
    testKind: 'generic',
    testName: 'unique',
    path: 'models/staging/_s.yml',
    dependsOn: ['stg_orders'],
    config: { severity: 'WARN' },
  }),
  aNode('test', 'orders_have_regions', {
    testKind: 'generic',
    testName: 'relationships',
    path: 'models/marts/_m.yml',
    dependsOn: ['fct_orders', 'dim_regions'],
    config: { severity: 'ERROR' },
  }),
  aNode('test', 'orders_follow_source', {
    testKind: 'singular',
    path: 'tests/orders_follow_source.sql',
    dependsOn: ['fct_orders', 'stg_orders', 'items'],
  }),
  aNode('unit_test', 'days_add_up', { dependsOn: ['fct_days'], path: 'models/marts/_m.yml', tags: ['slow'] }),
]
const TESTS = ['unique_stg_orders', 'orders_have_regions', 'orders_follow_source', 'days_add_up']

function aNode(
  resourceType: SelectableNode['resourceType'],
  name: string,
  given: Partial<SelectableNode>,
): SelectableNode {
  return {
    uniqueId: name,
    resourceType,
    name,
    fqn: ['tiny', name],
    tags: [],
    path: `models/${name}.sql`,
    config: {},
    packageName: 'tiny',
    dependsOn: [],
    ...given,
  }
}

function aModel(path: string, dependsOn: string[], given: Partial<SelectableNode>): SelectableNode {
  const folders = path.split('/')
  const name = folders.at(-1) ?? ''
  return aNode('model', name, { fqn: ['tiny', ...folders], path: `models/${path}.sql`, dependsOn, ...given })
}

function select(options: SelectionOptions): string {
  return [...selectNodes(NODES, { project: 'tiny', ...options }).selected].join(' ')
}

/** The nodes that a criterion itself selects, without the tests that come along. */
function named(criterion: string, state?: SelectionState): string {
  return select({ select: [criterion], indirect: 'empty', ...(state && { state }) })
}

function refusalOf(options: SelectionOptions): string {
  try {
    select(options)
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'SELECTION_INVALID') return error.message
    throw error
  }
  throw new Error('the selection was accepted')
}

test.for([
  ['fct_orders', 'fct_orders'],
  ['+fct_orders', 'orders stg_orders fct_orders'],
  ['1+fct_orders', 'stg_orders fct_orders'],
  ['0+fct_orders+0', 'fct_orders'],
  [
    'stg_orders+',
    'stg_orders fct_orders fct_days board unique_stg_orders orders_have_regions orders_follow_source days_add_up',
  ],
  ['stg_items+2', 'stg_items int_items.v2 fct_days'],
  ['1+int_items.v2+1', 'stg_items int_items.v2 fct_days'],
  ['@snap_regions', 'regions dim_regions snap_regions'],
  ['@int_items.v2', 'orders items stg_orders stg_items int_items.v2 fct_orders fct_days board days_add_up'],
  ['+tag:raw+1', 'orders stg_orders'],
  ['fct_orders regions', 'regions fct_orders'],
  ['  regions   fct_orders ', 'regions fct_orders'],
  ['+fct_days,+dim_regions', ''],
  ['+fct_days,stg_orders+,marts.*', 'fct_orders fct_days'],
  ['+fct_orders,resource_type:model seeds/', 'regions stg_orders fct_orders'],
] as const)('%s selects: %s', ([criterion, expected]) => {
  expect(named(criterion)).toBe(expected)
})

test.for([
  ['tiny.staging', 'stg_orders stg_items int_items.v2'],
  ['fqn:marts', 'fct_orders fct_days dim_regions'],
  ['staging.deep.int_items.v2', 'int_items.v2'],
  ['staging.deep.int_items', 'int_items.v2'],
  ['deep', ''],
  ['staging.*', 'stg_orders stg_items int_items.v2'],
  ['*.deep.*', 'int_items.v2'],
  ['*_orders', 'stg_orders fct_orders unique_stg_orders'],
  ['?ct_[!o]*', ''],
  ['marts.?ct_[!o]*', 'fct_days'],
  ['marts.fct_[c-e]ays', 'fct_days'],
  ['marts.fct_[e-c]ays', ''],
  ['FCT_DAYS', ''],
  ['orders', ''],
  ['tag:nightly', 'stg_orders board'],
  ['tag:night*', 'stg_orders int_items.v2 board'],
  ['tag:night.x', 'int_items.v2'],
  ['path:models/staging', 'orders items stg_orders stg_items int_items.v2 unique_stg_orders'],
  ['./models/staging/deep/', 'int_items.v2'],
  ['models/*/stg_*.sql', 'stg_orders stg_items'],
  ['models/**/*.sql', 'stg_orders stg_items int_items.v2 fct_orders fct_days dim_regions'],
  ['models/**/deep', 'int_items.v2'],
  ['path:**/*.csv', 'regions'],
  ['path:mod', ''],
  ['models/staging/stg_orders.sql/', ''],
  ['models/*/_m.yml', 'stg_items board orders_have_regions days_add_up'],
  ['path:models/marts', 'fct_orders fct_days dim_regions board orders_have_regions days_add_up'],
  ['models/marts/', 'fct_orders fct_days dim_regions board orders_have_regions days_add_up'],
  ['stg_orders.sql', 'stg_orders'],
  ['SNAP.SQL', 'snap_regions'],
  ['file:int_items.v2', 'int_items.v2'],
  ['file:stg_*', 'stg_orders stg_items'],
  ['source:shop', 'orders'],
  ['source:erp.items', 'items'],
  ['source:tiny.*.i*', 'items'],
  ['source:shop.items', ''],
  ['source:other.shop.orders', ''],
  ['exposure:board', 'board'],
  ['exposure:other.*', ''],
  ['unit_test:tiny.days_*', 'days_add_up'],
  ['resource_type:snapshot', 'snap_regions'],
  ['test_type:generic', 'unique_stg_orders orders_have_regions'],
  ['test_type:singular', 'orders_follow_source'],
  ['test_type:data', 'unique_stg_orders orders_have_regions orders_follow_source'],
  ['test_type:unit', 'days_add_up'],
  ['test_name:uni*', 'unique_stg_orders'],
  ['test_name:days_add_up', 'days_add_up'],
  ['package:oth*', 'dim_regions'],
  ['package:this,marts.*', 'fct_orders fct_days'],
  ['config.materialized:view', 'stg_orders stg_items'],
  ['config.materialized:VIEW', ''],
  ['config.enabled:true', ''],
  ['config.meta.owner:ana', 'fct_orders'],
  ['config.meta.owner:*', ''],
  ['config.meta.tier.hot:TRUE', 'fct_orders'],
  ['config.meta.tier.hot:false', ''],
  ['config.unique_key:day', 'fct_days'],
  ['config.hours:true', 'fct_days'],
  ['config.severity:warn', 'unique_stg_orders'],
  ['config.toString:x', ''],
] as const)('the method in %s selects: %s', ([criterion, expected]) => {
  expect(named(criterion)).toBe(expected)
})

test.for([
  ['state:new', 'regions'],
  ['state:old,resource_type:seed', ''],
  ['state:old,tag:nightly', 'stg_orders board'],
  ['state:modified', 'regions fct_days'],
  ['state:modified.body', 'fct_days'],
  ['state:unmodified,fct_*', ''],
  ['state:unmodified,marts.*', 'fct_orders dim_regions'],
  ['1+result:error', 'fct_orders int_items.v2 fct_days'],
  ['source_status:fresher+1', 'orders stg_orders'],
] as const)('after an earlier run, %s selects: %s', ([criterion, expected]) => {
  const state: SelectionState = {
    isNew: ({ name }) => name === 'regions',
    isModified: ({ name }, aspect) => name === 'fct_days' || (name === 'regions' && aspect === undefined),
    resultOf: (id) => (id === 'fct_days' ? 'error' : 'success'),
    sourceStatus: (id) => (id === 'orders' ? 'fresher' : undefined),
  }
  expect(named(criterion, state).split(' ').sort()).toEqual(expected.split(' ').sort())
})

test.for([
  ['eager', 'fct_orders', 'orders_have_regions orders_follow_source'],
  ['cautious', 'fct_orders', ''],
  ['cautious', 'fct_orders dim_regions', 'orders_have_regions'],
  ['cautious', 'fct_orders,marts.* marts.dim_regions', 'orders_have_regions'],
  ['cautious', 'marts.*,resource_type:model', 'orders_have_regions days_add_up'],
  ['buildable', 'fct_orders', 'orders_follow_source'],
  ['buildable', 'fct_days dim_regions', 'orders_have_regions days_add_up'],
  ['empty', 'stg_orders', ''],
  ['eager', '+dim_regions', 'orders_have_regions'],
  ['cautious', 'fct_days', 'days_add_up'],
  ['empty', 'orders_have_regions', 'orders_have_regions'],
] as const)('%s, %s brings along the tests: %s', ([indirect, criteria, tests]) => {
  const selected = select({ select: [criteria], indirect, resourceTypes: ['test', 'unit_test'] })
  expect(selected).toBe(tests)
})

test.for([
  [{ select: ['stg_orders'], exclude: ['fct_orders'] }, 'stg_orders unique_stg_orders'],
  [{ select: ['+fct_orders'], exclude: ['stg_orders'] }, 'orders fct_orders orders_have_regions'],
  [
    { select: ['fct_orders', 'dim_regions'], exclude: ['dim_regions'], indirect: 'cautious' },
    'fct_orders orders_have_regions',
  ],
  [{ exclude: ['models/ snap_regions', 'test_type:singular'] }, 'regions'],
  [{ exclude: ['resource_type:test'], resourceTypes: ['test', 'seed'] }, 'regions'],
  [{ select: [], resourceTypes: ['exposure', 'snapshot'] }, 'snap_regions board'],
] satisfies [SelectionOptions, string][])('%j selects: %s', ([options, expected]) => {
  expect(select(options)).toBe(expected)
})

test('without criteria every node is selected', () => {
  expect(select({}).split(' ')).toEqual(NODES.map((node) => node.name))
  expect(select({ indirect: 'empty' })).toContain(TESTS.join(' '))
})

test('the criteria that match nothing are listed, of exclude too; a blank one selects nothing', () => {
  const options = { select: ['fct_orders,tag:raw fct_days', 'nope'], exclude: ['nope', 'tag:none'] }
  expect(selectNodes(NODES, options).unmatched).toEqual(['fct_orders,tag:raw', 'nope', 'tag:none'])
  expect(selectNodes(NODES, { select: [' '] })).toEqual({ selected: new Set(), unmatched: [''] })
})

test.for([
  ['tagg:raw', 'there is no method tagg; did you mean tag? choose from fqn, tag, path, file, source, exposure'],
  ['fct_orders,:x,nope.a:x', 'there is no method nope; choose from fqn'],
  ['resource_type:modell', 'there is no resource type modell; did you mean model?'],
  ['test_type:schmea', 'there is no type of test schmea; did you mean schema?'],
  ['state:modified.bdy', 'there is no state modified.bdy; did you mean modified.body?'],
  ['source_status:older', 'there is no source status older; choose from fresher'],
  ['state:new', 'it compares with an earlier run, and none was given'],
  ['result:error', 'it compares with an earlier run, and none was given'],
  ['source:a.b.c.d', 'write it as source or source.table or project.source.table'],
  ['exposure:a.b.c', 'write it as name or project.name'],
  ['config:view', 'config needs the name of a setting'],
  ['path:/models', 'a path is relative to the directory of dbt_project.yml'],
  ['@fct_orders+', '@ in front and + behind exclude each other'],
  ['+@fct_orders', 'write the operators once and in this order'],
  ['fct_orders++', 'write the operators once and in this order'],
  ['fct_orders,', 'a name is missing'],
  ['tag:', 'a name is missing'],
  ['+', 'a name is missing'],
] as const)('%s is refused: %s', ([criterion, problem]) => {
  const start = `The selection "${criterion}" is not valid: ${problem}`
  expect(refusalOf({ select: [`regions ${criterion}`] }).slice(0, start.length)).toBe(start)
  expect(refusalOf({ exclude: [criterion] }).slice(0, start.length)).toBe(start)
})

test('an unknown resource type is refused', () => {
  expect(refusalOf({ resourceTypes: ['seeds'] })).toContain('there is no resource type seeds; did you mean seed?')
})
