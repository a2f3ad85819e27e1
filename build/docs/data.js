import { addressOf } from './element.js'

export const site = JSON.parse(document.querySelector('#data').textContent)
export const pages = new Map(site.pages.map((page) => [page.id, page]))
export const graphed = site.pages.filter((page) => page.kind !== 'test')
export const KINDS = {
  model: 'Models',
  seed: 'Seeds',
  snapshot: 'Snapshots',
  source: 'Sources',
  exposure: 'Exposures',
  test: 'Tests',
}

export const children = new Map(site.pages.map((page) => [page.id, []]))
export const testsOn = new Map(site.pages.map((page) => [page.id, []]))
/** By the address of a column, the columns made of it. */
export const usesOf = new Map()

for (const page of site.pages) {
  for (const id of page.parents) if (page.test === null) children.get(id).push(page)
  for (const id of page.test?.on ?? []) testsOn.get(id)?.push(page)
  for (const column of page.columns) {
    for (const from of column.from) {
      const address = addressOf(from.node, from.column)
      if (!usesOf.has(address)) usesOf.set(address, [])
      usesOf.get(address).push({ node: page.id, column: column.name, kind: from.kind })
    }
  }
}
