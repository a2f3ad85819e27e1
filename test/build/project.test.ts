import { expect, test } from 'vitest'
import { compileModels } from '../../build/graph/compile.ts'
import { compileProject } from '../../build/graph/graph.ts'
import { renderTest } from '../../build/graph/render-node.ts'
import { listModels } from '../../build/run/published-models.ts'
import { fixture } from './shop.ts'
import { loadProject } from '../../build/project/project.ts'
import { projectOf } from './project-files.ts'

const PROJECT = 'name: tiny\n'

test('settings nearer to the model win; tags add up and meta merges', () => {
  const project = projectOf({
    'dbt_project.yml': `${PROJECT}models:
  +tags: root
  tiny:
    +materialized: table
    +meta: {owner: all, tier: 1}
    staging:
      +materialized: view
      +schema: staging
      +tags: [stage]
      special:
        +materialized: incremental
`,
    'models/top.sql': 'select 1',
    'models/staging/plain.sql': 'select 1',
    'models/staging/special.sql': 'select 1',
    'models/staging/described.sql': 'select 1',
    'models/staging/own.sql':
      "{{ config(materialized='incremental', schema='own', tags=['mine'], meta={'tier': 2}) }}select 1",
    'models/_m.yml':
      'models:\n  - name: described\n    config: {materialized: table}\n  - name: own\n    config: {materialized: table, alias: renamed}\n',
  })
  const graph = compileProject(project)
  const found = Object.fromEntries(
    graph.nodes.map(({ name, config, relation }) => [
      name,
      [config.materialized, relation.schema, relation.name, config.tags, config.meta],
    ]),
  )
  const meta = { owner: 'all', tier: 1 }
  expect(found).toEqual({
    top: ['table', 'public', 'top', ['root'], meta],
    plain: ['view', 'public_staging', 'plain', ['root', 'stage'], meta],
    special: ['incremental', 'public_staging', 'special', ['root', 'stage'], meta],
    described: ['table', 'public_staging', 'described', ['root', 'stage'], meta],
    own: ['incremental', 'public_own', 'renamed', ['root', 'stage', 'mine'], { owner: 'all', tier: 2 }],
  })
})

test('a setting for a folder without models is a warning', () => {
  const project = projectOf({ 'dbt_project.yml': `${PROJECT}models:\n  tiny:\n    reports:\n      +schema: x\n` })
  expect(project.warnings).toEqual(['dbt_project.yml has settings for reports, where there are no models'])
})

test('variables come from the options, else the project, else the default', () => {
  const files = {
    'dbt_project.yml': `${PROJECT}vars:\n  a: 1\n  b: 1\n  tiny:\n    b: 2\n`,
    'models/m.sql': "{{ config(tags=[var('a') ~ var('b') ~ var('c', 3)]) }}select 1",
  }
  const project = projectOf(files)
  const tags = (vars: Record<string, unknown>) => compileProject(project, { vars }).nodes[0]?.config.tags
  expect([tags({}), tags({ a: 9, c: 8 })]).toEqual([['123'], ['928']])
})

test('models are listed after those they read, whatever their names', () => {
  const listed = listModels(loadProject(fixture('shop')))
  expect(listed.map((model) => `${model.schema}.${model.name} ${model.kind}`)).toEqual([
    'staging.stg_shop__customers view',
    'staging.stg_shop__orders view',
    'marts.fct_orders incremental',
    'marts.dim_customers table',
    'marts.customer_ranks view',
    'marts.fct_order_log incremental',
  ])
})

test('a model can name what it reads in a comment', () => {
  const project = projectOf({
    'models/a.sql': "-- depends_on: {{ ref('z') }}\nselect 1",
    'models/z.sql': 'select 1',
  })
  expect(listModels(project).map((model) => model.name)).toEqual(['z', 'a'])
})

test.for([
  [
    'unique',
    'unique_a_id',
    'select id as unique_field, count(*) as n_records from x.a where id is not null group by id having count(*) > 1',
  ],
  [
    'not_null: {where: "id > 3"}',
    'not_null_a_id',
    'select * from (select * from x.a where id > 3) as tested where id is null',
  ],
  [
    "accepted_values: {values: [a, it's]}",
    'accepted_values_a_id__a__it_s',
    "select value_field, n_records from (select id as value_field, count(*) as n_records from x.a group by id) as found where value_field not in ('a', 'it''s')",
  ],
  [
    'accepted_values: {arguments: {values: [1, 2], quote: false}}',
    'accepted_values_a_id__False__1__2',
    'select value_field, n_records from (select id as value_field, count(*) as n_records from x.a group by id) as found where value_field not in (1, 2)',
  ],
  [
    "relationships: {to: ref('b'), field: key}",
    'relationships_a_id__key__ref_b_',
    'select from_field from (select id as from_field from x.a where id is not null) as child left join (select key as to_field from x.b) as parent on child.from_field = parent.to_field where parent.to_field is null',
  ],
  [
    'unique: {name: own_name, config: {severity: WARN}}',
    'own_name',
    'select id as unique_field, count(*) as n_records from x.a where id is not null group by id having count(*) > 1',
  ],
])('the test %s is named %s', ([entry, name, sql]) => {
  const project = projectOf({
    'models/a.sql': 'select 1 as id',
    'models/b.sql': 'select 1 as key',
    'models/_m.yml': `models:\n  - name: a\n    columns:\n      - name: id\n        data_tests:\n          - ${entry}\n`,
  })
  const graph = compileProject(project)
  const [made] = graph.tests
  if (made === undefined) throw new Error('no test was made')
  expect(made.name).toBe(name)
  expect(made.severity).toBe(/WARN/.test(entry ?? '') ? 'warn' : 'error')
  const compiled = renderTest(graph, made, {
    node: (node) => ({ schema: 'x', name: node }),
    source: (source) => source.relation,
  })
  expect(compiled.sql.replaceAll('\n', ' ')).toBe(sql)
})

test('YAML is read as PyYAML reads it: yes is a boolean, y is a name', () => {
  const project = projectOf({
    'models/a.sql': 'select 1 as y',
    'models/_m.yml': 'models: [{name: a, config: {enabled: yes}, columns: [{name: y, description: n}]}]',
  })
  expect(compileProject(project).nodes[0]?.columns).toMatchObject([{ name: 'y', description: 'n' }])
})

test('a test of a disabled model, or one that is disabled itself, is left out', () => {
  const project = projectOf({
    'models/a.sql': '{{ config(enabled=false) }}select 1 as id',
    'models/_m.yml': 'models:\n  - name: a\n    columns: [{name: id, tests: [unique]}]\n',
    'tests/assert_off.sql': '{{ config(enabled=false) }}select 1',
  })
  expect(compileProject(project).tests).toEqual([])
})

test('seeds, snapshots and ephemeral models are named by ref() as models are', () => {
  const project = projectOf({
    'seeds/ports.csv': 'port,name\n1,Bergen\n',
    'models/near.sql': "{{ config(materialized='ephemeral') }}select * from {{ ref('ports') }} where port < 2",
    'models/far.sql': "select * from {{ ref('near') }}, {{ ref('seen') }}",
    'snapshots/seen.sql':
      "{% snapshot seen %}{{ config(strategy='check', unique_key='port', check_cols='all') }}select * from {{ ref('ports') }}{% endsnapshot %}",
  })
  expect(listModels(project).map(({ name, kind, dependsOn }) => [name, kind, dependsOn])).toEqual([
    ['ports', 'seed', []],
    ['near', 'ephemeral', ['ports']],
    ['seen', 'snapshot', ['ports']],
    ['far', 'view', ['near', 'seen']],
  ])
  const [, , far] = compileModels(project)
  expect(far?.sql.replaceAll(/\s+/g, ' ')).toBe(
    'with __dbt__cte__near as ( select * from public.ports where port < 2 ) select * from ( select * from __dbt__cte__near, public.seen ) as rendered',
  )
})

test('a text of a {% docs %} block is a description', () => {
  const project = projectOf({
    'models/a.sql': 'select 1 as id',
    'models/texts.md': '{% docs key %}\nThe **key**.\n{% enddocs %}',
    'models/_m.yml': 'models: [{name: a, columns: [{name: id, description: "{{ doc(\'key\') }}"}]}]',
  })
  expect(compileProject(project).nodes[0]?.columns[0]?.description.trim()).toBe('The **key**.')
})
