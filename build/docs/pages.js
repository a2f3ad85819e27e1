import { columnTable, lineage } from './columns.js'
import { children, graphed, KINDS, pages, site, testsOn } from './data.js'
import { h, linkTo, plainList, prose, quiet, section, testLine } from './element.js'
import { drawGraph } from './graph.js'
import { code } from './sql.js'

export function missingPage(id) {
  return [h('h1', { tabindex: -1 }, 'Not found'), h('p', 'There is no ', h('code', id), ' in this project.')]
}

export function startPage() {
  const counts = Object.entries(KINDS).map(([kind, title]) => [title, site.pages.filter((page) => page.kind === kind)])
  counts.push(['Columns', graphed.flatMap((page) => page.columns)])
  const shown = counts
    .filter(([, of]) => of.length > 0)
    .map(([title, of]) => [title, of.length.toLocaleString('en-US')])
  const kinds = Object.keys(KINDS).filter((kind) => graphed.some((page) => page.kind === kind))
  const legend = h(
    'p.legend',
    kinds.map((kind) => h(`span.${kind}`, kind)),
  )
  return [
    h('h1', { tabindex: -1 }, site.project),
    h('p', quiet(`Documentation of ${site.generatedAt.slice(0, 16).replace('T', ' ')} UTC`)),
    facts(shown, 'dl.facts.counts'),
    h('div.prose', prose(site.overview)),
    graphed.length === 0 ? null : section('Lineage', drawGraph(graphed, { label: 'Lineage of the project' }), legend),
  ].filter(Boolean)
}

export function pageOf(page, columnName) {
  const column = page.columns.find(({ name }) => name === columnName) ?? null
  const kinds = [page.kind, page.schema, ...page.tags.map((tag) => `#${tag}`)].filter(Boolean)
  const list = (title, items) => (items.length === 0 ? null : section(`${title} (${items.length})`, plainList(items)))
  const related = (other) => [linkTo(other), quiet(other.kind)]
  const test = (other) => [testLine(other), other.test.column === null ? null : quiet(`on ${other.test.column}`)]
  return [
    h(
      `p.kind.${page.kind}`,
      kinds.map((text) => h('span', text)),
    ),
    h('h1', { tabindex: -1 }, page.name),
    h('div.prose', prose(page.description)),
    facts(page.facts),
    page.test === null ? lineage(page, column) : null,
    page.columns.length === 0 ? null : section(`Columns (${page.columns.length})`, columnTable(page, column)),
    list('Tests', testsOn.get(page.id).map(test)),
    h(
      'div.pair',
      list(
        'Depends on',
        page.parents.map((id) => related(pages.get(id))),
      ),
      list('Used by', children.get(page.id).map(related)),
    ),
    code('Source SQL', page.sql, true),
    code('Compiled SQL', page.compiledSql, page.sql === null),
  ].filter(Boolean)
}

function facts(list, selector = 'dl.facts') {
  return h(
    selector,
    list.map(([label, value]) => h('div', h('dt', label), h('dd', value))),
  )
}
