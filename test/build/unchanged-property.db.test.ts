import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { buildModels } from '../../build/run/build.ts'
import { rollbackModels } from '../../build/run/undo.ts'
import { problemsOf, sources, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'
import { emptyModels } from './shop.ts'

const builds = useBuilds()
const KINDS = ['view', 'table', 'incremental', 'merge', 'ephemeral'] as const

/** A model gives, for each id of what it reads, the sum of the values plus a number of its own. */
interface Model {
  kind: (typeof KINDS)[number]
  group: string
  reads: number[]
  plus: number
}

const model = fc.record({
  kind: fc.constantFrom(...KINDS),
  group: fc.constantFrom('default', 'other'),
  reads: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 3 }),
  plus: fc.nat({ max: 9 }),
})
const action = fc.oneof(
  fc.record({
    type: fc.constant('row' as const),
    source: fc.nat({ max: 1 }),
    id: fc.nat({ max: 4 }),
    value: fc.nat({ max: 99 }),
  }),
  fc.record({ type: fc.constant('number' as const), model: fc.nat(), plus: fc.nat({ max: 9 }) }),
  fc.record({ type: fc.constant('kind' as const), model: fc.nat(), kind: fc.constantFrom(...KINDS) }),
  fc.record({ type: fc.constant('some' as const), models: fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 4 }) }),
  fc.record({ type: fc.constant('all' as const) }),
  fc.record({ type: fc.constant('failure' as const), model: fc.nat() }),
  fc.record({ type: fc.constant('rollback' as const) }),
)

/** The relations before a model: the two sources, then the models above it. */
const readsOf = ({ reads }: Model, index: number) => [...new Set(reads.map((number) => number % (index + 2)))]

function filesOf(models: Model[]): Record<string, string> {
  const files: Record<string, string> = { 'models/_s.yml': sources('s0', 's1') }
  for (const [index, { kind, group, plus, ...rest }] of models.entries()) {
    const read = readsOf({ kind, group, plus, ...rest }, index).map((at) => {
      return `select id, v from ${at < 2 ? `{{ source('raw', 's${at}') }}` : `{{ ref('m${at - 2}') }}`}`
    })
    const strategy = kind === 'merge' ? ", incremental_strategy='merge'" : ''
    const key = kind === 'merge' || kind === 'incremental' ? `, unique_key='id'${strategy}` : ''
    const config = `materialized='${kind === 'merge' ? 'incremental' : kind}', meta={'milepost': {'publish': '${group}'}}${key}`
    files[`models/m${index}.sql`] =
      `{{ config(${config}) }}with parents as (${read.join(' union all ')}) select id, sum(v)::int + ${plus} as v from parents group by id`
  }
  return files
}

/** What each model must hold, by id. */
function expectedOf(models: Model[], rows: Map<number, number>[]): Map<number, number>[] {
  const all = [...rows]
  for (const [index, one] of models.entries()) {
    const sums = new Map<number, number>()
    for (const at of readsOf(one, index)) for (const [id, v] of all[at] ?? []) sums.set(id, (sums.get(id) ?? 0) + v)
    all.push(new Map([...sums].map(([id, v]) => [id, v + one.plus])))
  }
  return all.slice(rows.length)
}

test('whatever was built, held back or rolled back before, a build leaves every model as its files and sources say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(model, { minLength: 2, maxLength: 7 }),
      fc.array(action, { minLength: 3, maxLength: 8 }),
      async (drawn, actions) => {
        await emptyModels(builds.pool)
        await builds.pool
          .query(`create schema raw_shop; create table raw_shop.s0 (id int primary key, v int); create table raw_shop.s1 (id int primary key, v int);
        insert into raw_shop.s0 values (0, 1), (1, 2); insert into raw_shop.s1 values (1, 3)`)
        const rows = [
          new Map([
            [0, 1],
            [1, 2],
          ]),
          new Map([[1, 3]]),
        ]
        let models: Model[] = drawn
        const change = (which: number, changed: Partial<Model>) => {
          models = models.map((one, index) => (index === which % models.length ? { ...one, ...changed } : one))
        }
        const run = async (options: { models?: number[]; failing?: number } = {}) => {
          const failing =
            options.failing === undefined
              ? {}
              : { 'tests/fails.sql': `select * from {{ ref('m${options.failing % models.length}') }}` }
          const project = projectOf({ ...filesOf(models), ...failing })
          const names = options.models?.map((index) => `m${index}`)
          const selected = new Set(
            compileProject(project).nodes.flatMap(({ name, id }) => (names?.includes(name) === false ? [] : id)),
          )
          const tests = options.failing === undefined ? [] : compileProject(project).tests.map(({ id }) => id)
          return buildModels({ pool: builds.pool, project, selected: new Set([...selected, ...tests]) })
        }
        const checkAll = async () => {
          expect(problemsOf(await run())).toEqual([])
          const expected = expectedOf(models, rows)
          for (const [index, { kind }] of models.entries()) {
            if (kind === 'ephemeral') continue
            const found = await builds.rowsOf(`select id, v from m${index} order by id`)
            const held = new Map(found.map((row) => [Number(row.id), Number(row.v)]))
            expect([`m${index}`, [...held]]).toEqual([
              `m${index}`,
              [...(expected[index] ?? [])].sort(([a], [b]) => a - b),
            ])
          }
          const again = await run()
          expect(again.nodes.filter(({ status }) => status !== 'unchanged').map(({ name }) => name)).toEqual([])
        }
        await checkAll()
        for (const step of actions) {
          if (step.type === 'row') {
            rows[step.source]?.set(step.id, step.value)
            await builds.pool.query(
              `insert into raw_shop.s${step.source} values (${step.id}, ${step.value}) on conflict (id) do update set v = excluded.v`,
            )
          } else if (step.type === 'number') change(step.model, { plus: step.plus })
          else if (step.type === 'kind') change(step.model, { kind: step.kind })
          else if (step.type === 'some') await run({ models: step.models }) // may fail: a rollback can leave nothing to read
          else if (step.type === 'failure') expect((await run({ failing: step.model })).published).toBe(false)
          else if (step.type === 'rollback') {
            await rollbackModels({ pool: builds.pool, project: projectOf(filesOf(models)) }).catch((error: unknown) => {
              expect(error).toMatchObject({ code: 'ROLLBACK_NOTHING' })
            })
          } else await checkAll()
        }
        await checkAll()
      },
    ),
    { numRuns: 6 },
  )
})
