import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Catalog, Manifest, ManifestNode, SiteInput } from '../../build/docs/input.ts'
import { siteData, type Page, type SiteData } from '../../build/docs/site-data.ts'
import { writeSite } from '../../build/docs/site.ts'

const HOSTILE = '</script><script>alert(1)</script> <img src=x onerror=alert(1)> <!-- $& [x](javascript:alert(1))'

function aNode(name: string, given: Partial<ManifestNode> = {}): ManifestNode {
  return {
    name,
    resource_type: 'model',
    package_name: 'shop',
    path: `marts/${name}.sql`,
    original_file_path: `models/marts/${name}.sql`,
    schema: 'marts',
    alias: name,
    raw_code: `select * from {{ ref('x') }}`,
    compiled_code: 'select 1',
    config: { materialized: 'table' },
    columns: {},
    depends_on: { nodes: [] },
    ...given,
  }
}

function aSite(manifest: Partial<Manifest> = {}, given: Partial<SiteInput> = {}): SiteInput {
  return {
    manifest: { metadata: { project_name: 'shop' }, nodes: {}, sources: {}, exposures: {}, docs: {}, ...manifest },
    catalog: { nodes: {}, sources: {} },
    lineage: null,
    generatedAt: new Date('2026-05-06T07:08:09Z'),
    ...given,
  }
}

/** One of each kind, with tests, hostile texts and columns. */
function aShop(): SiteInput {
  const catalog: Catalog = {
    nodes: {
      'model.shop.orders': {
        metadata: { type: 'BASE TABLE' },
        columns: {
          amount: { name: 'amount', type: 'numeric', index: 2, comment: 'Net.' },
          order_id: { name: 'order_id', type: 'bigint', index: 1 },
        },
        stats: {
          rows: { id: 'rows', label: 'Rows', value: 1234567, include: true },
          has_stats: { id: 'has_stats', label: 'Has stats', value: false, include: false },
        },
      },
    },
    sources: {},
  }
  const generic = { resource_type: 'test', schema: 'dbt_test', attached_node: 'model.shop.orders' }
  const nodes = {
    'model.shop.stg_orders': aNode('stg_orders', { depends_on: { nodes: ['source.shop.raw.orders'] } }),
    'model.shop.orders': aNode('orders', {
      description: HOSTILE,
      tags: ['finance'],
      columns: {
        ORDER_ID: { name: 'ORDER_ID', description: 'Key.' },
        gone: { name: 'gone', description: HOSTILE },
      },
      depends_on: { nodes: ['model.shop.stg_orders', 'seed.shop.rates', 'macro.shop.x'] },
    }),
    'seed.shop.rates': aNode('rates', { resource_type: 'seed', path: 'rates.csv' }),
    'snapshot.shop.orders_history': aNode('orders_history', { resource_type: 'snapshot' }),
    'operation.shop.hook': aNode('hook', { resource_type: 'operation' }),
    'test.shop.unique_orders_order_id.1': aNode('unique_orders_order_id', {
      ...generic,
      config: { severity: 'ERROR' },
      column_name: 'order_id',
      test_metadata: { name: 'unique', kwargs: { model: '{{ x }}', column_name: 'order_id' } },
      depends_on: { nodes: ['model.shop.orders'] },
    }),
    'test.shop.accepted.2': aNode('accepted', {
      ...generic,
      config: { severity: 'warn' },
      test_metadata: { name: 'in_list', namespace: 'pkg', kwargs: { values: ['a', 1], quote: false } },
      depends_on: { nodes: ['model.shop.orders'] },
    }),
    'test.shop.totals_agree': aNode('totals_agree', {
      resource_type: 'test',
      config: { severity: 'ERROR' },
      depends_on: { nodes: ['model.shop.orders', 'model.shop.stg_orders'] },
    }),
  }
  const manifest: Partial<Manifest> = {
    nodes,
    sources: {
      'source.shop.raw.orders': {
        name: 'orders',
        package_name: 'shop',
        original_file_path: 'models/sources.yml',
        source_name: 'raw',
        schema: 'raw',
        identifier: 'orders_v1',
        freshness: { warn_after: { count: 2, period: 'hour' }, error_after: { count: null, period: null } },
        columns: {},
      },
    },
    exposures: {
      'exposure.shop.report': {
        name: 'report',
        label: 'Weekly report',
        package_name: 'shop',
        original_file_path: 'models/exposures.yml',
        url: 'https://example.com/report',
        depends_on: { nodes: ['model.shop.orders'] },
      },
    },
    docs: {
      'doc.dbt.__overview__': { name: '__overview__', package_name: 'dbt', block_contents: 'Of the tool.' },
      'doc.shop.__overview__': { name: '__overview__', package_name: 'shop', block_contents: 'Of the shop.' },
    },
    unit_tests: {
      'unit_test.shop.orders.adds_up': {
        name: 'adds_up',
        package_name: 'shop',
        original_file_path: 'models/orders.yml',
        depends_on: { nodes: ['model.shop.orders'] },
      },
    },
  }
  const from = (node: string, column: string) => [{ node, column, kind: 'identity' as const }]
  const lineage = {
    'model.shop.orders': {
      columns: { order_id: from('model.shop.stg_orders', 'id'), amount: from('model.shop.hidden', 'amount') },
    },
  }
  return aSite(manifest, { catalog, lineage })
}

/** The same site, its nodes and the like listed in the opposite order. */
function backwards({ manifest, catalog, lineage, generatedAt }: SiteInput): SiteInput {
  const turn = <T>(items: Record<string, T>) => Object.fromEntries(Object.entries(items).toReversed())
  const { nodes, sources, exposures, docs, unit_tests: unitTests } = manifest
  const lists = { nodes: turn(nodes), sources: turn(sources), exposures: turn(exposures), docs: turn(docs) }
  return {
    manifest: { ...manifest, ...lists, unit_tests: turn(unitTests ?? {}) },
    catalog: { nodes: turn(catalog.nodes), sources: turn(catalog.sources) },
    lineage: turn(lineage ?? {}),
    generatedAt,
  }
}

async function written(input: SiteInput): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-docs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const path = await writeSite(join(dir, 'site'), input)
  expect(path).toBe(join(dir, 'site', 'index.html'))
  return readFileSync(path, 'utf8')
}

function dataIn(html: string): SiteData {
  const json = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(html)?.[1]
  return JSON.parse(json ?? '') as SiteData
}

function pageIn(data: SiteData, id: string): Page {
  const page = data.pages.find((candidate) => candidate.id === id)
  if (page === undefined) throw new Error(`there is no page ${id}`)
  return page
}

describe('the file', () => {
  test('holds no markup that came from a description', async () => {
    const html = await written(aShop())
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.match(/<\/script/g)).toHaveLength(2)
    expect(html).not.toContain('<img')
    expect(pageIn(dataIn(html), 'model.shop.orders').description[0]?.lines[0]?.join('')).toContain('<img src=x onerror')
  })

  test('escapes the name of the project where it is markup', async () => {
    const html = await written(aSite({ metadata: { project_name: '<b>"R&D"</b>' } }))
    expect(html).toContain('<title>&#60;b&#62;&#34;R&#38;D&#34;&#60;/b&#62;</title>')
    expect(html).not.toContain('<b>')
  })

  test('loads nothing and forbids loading', async () => {
    const html = await written(aShop())
    const shell = html.replace(/(id="data">)[^<]*/, '$1')
    expect(shell).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"`,
    )
    expect(shell).not.toMatch(/https?:|\bsrc=|<link|url\(|@import|\bfetch\(|XMLHttpRequest|innerHTML|\bimport\b/)
  })

  test('has a script whose modules do not clash when they are one', async () => {
    const html = await written(aSite())
    const script = /<script type="module">([^]*)<\/script>/.exec(html)?.[1] ?? ''
    expect(script).toContain('function layoutGraph(')
    // In a block of strict code a second function of the same name is an error, as it is in a module.
    // oxlint-disable-next-line typescript/no-implied-eval
    expect(() => new Function(`'use strict'; { ${script} }`)).not.toThrow()
  })

  test('is the same for the same input, in whatever order its nodes are', async () => {
    const html = await written(aShop())
    expect(await written(aShop())).toBe(html)
    expect(await written(backwards(aShop()))).toBe(html)
  })
})

describe('the data', () => {
  const data = siteData(aShop())
  const orders = pageIn(data, 'model.shop.orders')

  test('has a page for everything but operations', () => {
    const { manifest } = aShop()
    const all = [manifest.nodes, manifest.sources, manifest.exposures, manifest.unit_tests ?? {}].flatMap(Object.keys)
    expect(data.pages.map((page) => page.id)).toEqual(all.filter((id) => !id.startsWith('operation.')).sort())
  })

  test('leaves out what the project hides, and the way there', () => {
    const nodes = {
      'model.shop.a': aNode('a', { docs: { show: false } }),
      'model.shop.b': aNode('b', { depends_on: { nodes: ['model.shop.a'] } }),
    }
    expect(siteData(aSite({ nodes })).pages).toMatchObject([{ id: 'model.shop.b', parents: [] }])
  })

  test('knows what a page reads, in its project only', () => {
    expect(orders.parents).toEqual(['model.shop.stg_orders', 'seed.shop.rates'])
    expect(pageIn(data, 'exposure.shop.report').parents).toEqual(['model.shop.orders'])
  })

  test('orders columns as the database does, then those that it lacks', () => {
    expect(orders.columns).toMatchObject([
      { name: 'order_id', type: 'bigint', isMissing: false, tests: ['test.shop.unique_orders_order_id.1'] },
      { name: 'amount', type: 'numeric', isMissing: false, tests: [] },
      { name: 'gone', type: null, isMissing: true },
    ])
    expect(orders.columns.map((column) => column.description[0]?.lines[0]?.[0])).toMatchObject(['Key.', 'Net.', /./])
  })

  test('keeps column lineage only to pages that there are', () => {
    expect(orders.columns.map((column) => column.from)).toEqual([
      [{ node: 'model.shop.stg_orders', column: 'id', kind: 'identity' }],
      [],
      [],
    ])
  })

  test('tells facts, statistics that are meant to be shown among them', () => {
    expect(orders.facts).toEqual([
      ['Materialized', 'table'],
      ['Relation', 'marts.orders'],
      ['File', 'models/marts/orders.sql'],
      ['Rows', '1,234,567'],
    ])
    expect(pageIn(data, 'source.shop.raw.orders').facts).toEqual([
      ['Relation', 'raw.orders_v1'],
      ['Warns after', '2 hours'],
      ['File', 'models/sources.yml'],
    ])
  })

  test.for([
    { id: 'test.shop.unique_orders_order_id.1', label: 'unique', severity: 'error', on: ['model.shop.orders'] },
    { id: 'test.shop.accepted.2', label: 'pkg.in_list (values: a, 1; quote: false)', severity: 'warn' },
    { id: 'test.shop.totals_agree', label: 'totals_agree', on: ['model.shop.orders', 'model.shop.stg_orders'] },
    { id: 'unit_test.shop.orders.adds_up', label: 'adds_up', severity: 'unit test', on: ['model.shop.orders'] },
  ])('calls $id $label', ({ id, ...expected }) => {
    expect(pageIn(data, id).test).toMatchObject(expected)
  })

  test("shows the project's overview, not the one of the tool", () => {
    expect(data.overview).toEqual([{ tag: 'p', lines: [['Of the shop.']] }])
    const docs = { a: { name: '__overview__', package_name: 'dbt', block_contents: 'Of the tool.' } }
    expect(siteData(aSite({ docs })).overview).toEqual([])
  })

  test('puts pages of packages in a folder of their own', () => {
    const nodes = { 'model.other.a': aNode('a', { package_name: 'other', path: 'marts\\a.sql', version: 2 }) }
    expect(siteData(aSite({ nodes })).pages).toMatchObject([{ name: 'a v2', folders: ['other', 'marts'] }])
  })
})
