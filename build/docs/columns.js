import { children, graphed, pages, site, usesOf } from './data.js'
import { addressOf, h, linkTo, plainList, prose, quiet, section, testLine } from './element.js'
import { drawGraph } from './graph.js'

let depth = '2'

/** The columns of a page; `chosen` is the one whose lineage is shown. */
export function columnTable(page, chosen) {
  const titles = ['Column', 'Description', ...(site.hasLineage ? ['Comes from', 'Used in'] : [])]
  const head = titles.map((title) => h('th', { scope: 'col' }, title))
  const rows = page.columns.map((column) =>
    h(
      column === chosen ? 'tr.chosen' : 'tr',
      h(
        'th',
        { scope: 'row' },
        site.hasLineage ? columnLink(page, column, column === chosen) : h('code', column.name),
        h('div', quiet(column.type ?? '')),
        column.isMissing ? h('div.chip.warn', 'not in the database') : null,
      ),
      h(
        'td',
        prose(column.description),
        h(
          'div.chips',
          column.tests.map((id) => h('span', testLine(pages.get(id)))),
        ),
      ),
      site.hasLineage ? [h('td', columnLinks(column.from)), h('td', columnLinks(usesIn(page.id, column.name)))] : null,
    ),
  )
  return h('div.wide', h('table', h('thead', h('tr', head)), h('tbody', rows)))
}

function usesIn(id, column) {
  return usesOf.get(addressOf(id, column)) ?? []
}

function columnLink(page, column, isChosen) {
  const title = isChosen ? 'Show the lineage of the whole relation' : 'Show the lineage of this column'
  const href = addressOf(page.id, isChosen ? null : column.name)
  return h('a', { href, title, 'aria-current': isChosen }, h('code', column.name))
}

function columnLinks(links, most = 4) {
  const lines = links.map(({ node, column, kind }) => [
    linkTo(pages.get(node), column, `${pages.get(node).name}.${column}`),
    kind === 'identity' ? null : quiet(kind),
  ])
  const more = lines.splice(most)
  return [
    plainList(lines),
    more.length === 0 ? null : h('details', h('summary', `${more.length} more`), plainList(more)),
  ]
}

/** What a page comes from and leads to, or one of its columns; null when it stands alone. */
export function lineage(page, column) {
  if (column !== null) return columnLineage(page, column)
  if (page.parents.length + children.get(page.id).length === 0) return null
  const holder = h('div')
  const options = ['1', '2', '3', 'all'].map((value) =>
    h('option', { value }, value === '1' ? '1 step' : `${value} steps`),
  )
  const choose = h('select', { 'aria-label': 'Steps of lineage to show', change: () => draw(choose.value) }, options)
  const draw = (value) => {
    choose.value = depth = value
    const steps = value === 'all' ? Infinity : Number(value)
    const before = within(page, steps, (at) => at.parents)
    const after = within(page, steps, (at) => children.get(at.id).map(({ id }) => id))
    const near = graphed.filter(({ id }) => before.has(id) || after.has(id))
    holder.replaceChildren(drawGraph(near, { focus: page.id, label: `Lineage of ${page.name}`, control: choose }))
  }
  draw(depth)
  return section('Lineage', holder)
}

function within(page, steps, next) {
  let edge = [page.id]
  const found = new Set(edge)
  for (let step = 0; step < steps && edge.length > 0; step++) {
    edge = [...new Set(edge.flatMap((id) => next(pages.get(id))))].filter((id) => !found.has(id))
    for (const id of edge) found.add(id)
  }
  return found
}

function columnLineage(page, column) {
  const start = { node: page.id, column: column.name, kind: 'identity' }
  const before = trace(start, (at) => pages.get(at.node).columns.find(({ name }) => name === at.column)?.from ?? [])
  const after = trace(start, (at) => usesIn(at.node, at.column))
  const columnsOf = Map.groupBy([start, ...before.found, ...after.found], (at) => at.node)
  const notes = new Map(
    [...columnsOf].map(([id, on]) => [
      id,
      on.length > 2 ? `${on.length} columns` : on.map((at) => at.column).join(', '),
    ]),
  )
  const list = (title, links) =>
    h('div', h('h3', `${title} (${links.length})`), links.length === 0 ? quiet('None known.') : columnLinks(links, 8))
  const drawn = drawGraph(
    graphed.filter(({ id }) => notes.has(id)),
    {
      focus: page.id,
      notes,
      edges: [...before.steps.map(([to, from]) => [from, to]), ...after.steps],
      label: `Lineage of column ${column.name}`,
      control: h('a', { href: addressOf(page.id) }, 'Whole relation'),
    },
  )
  const lists = h('div.pair', list('Comes from', before.found), list('Used in', after.found))
  return section(`Lineage of column ${column.name}`, drawn, lists)
}

/** Every column that `next` leads to, each once and the nearest first, and the steps there from node to node. */
function trace(start, next) {
  const found = new Map([[addressOf(start.node, start.column), start]])
  const steps = []
  for (const at of found.values()) {
    for (const to of next(at)) {
      const address = addressOf(to.node, to.column)
      if (!found.has(address)) found.set(address, to)
      steps.push([at.node, to.node])
    }
  }
  return { found: [...found.values()].slice(1), steps }
}
