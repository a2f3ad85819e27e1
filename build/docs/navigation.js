import { graphed, KINDS, site } from './data.js'
import { addressOf, h } from './element.js'

const MOST_FOUND = 50
const search = document.querySelector('#search')
const tree = document.querySelector('#tree')
let current = null
let isBySchema = false

/** Shows the tree and makes the search work. */
export function startNavigation() {
  const found = () => tree.querySelectorAll('.found a')
  search.addEventListener('input', show)
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') found()[0]?.click()
    else if (event.key === 'ArrowDown') found()[0]?.focus()
    else if (event.key === 'Escape') clear()
    else return
    event.preventDefault()
  })
  tree.addEventListener('keydown', (event) => {
    const links = [...found()]
    const at = links.indexOf(event.target)
    if (at < 0 || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
    event.preventDefault()
    ;(links[at + (event.key === 'ArrowDown' ? 1 : -1)] ?? (at === 0 ? search : event.target)).focus()
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.closest('input, select')) return
    event.preventDefault()
    search.select()
  })
  show()
}

/** Marks a page in the tree, and opens the folders above it. */
export function showCurrent(page) {
  current = page
  for (const link of tree.querySelectorAll('a')) {
    const isCurrent = link.getAttribute('href') === (page === null ? null : addressOf(page.id))
    link.removeAttribute('aria-current')
    if (!isCurrent) continue
    link.setAttribute('aria-current', 'page')
    for (let at = link.closest('details'); at !== null; at = at.parentElement.closest('details')) at.open = true
    link.scrollIntoView({ block: 'nearest' })
  }
}

function clear() {
  search.value = ''
  show()
}

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
  tree.replaceChildren(...(words.length > 0 ? results(words) : [choice(), ...branch(root()).flat().filter(Boolean)]))
  showCurrent(current)
}

function choice() {
  const button = (text, value) => {
    const click = () => {
      isBySchema = value
      show()
    }
    return h('button', { type: 'button', 'aria-pressed': `${isBySchema === value}`, click }, text)
  }
  return h('div.choice', { role: 'group', 'aria-label': 'Order' }, button('Folders', false), button('Schemas', true))
}

function root() {
  const top = { folders: new Map(), pages: [] }
  for (const kind of Object.keys(KINDS)) {
    for (const page of graphed.filter((item) => item.kind === kind)) {
      const path = isBySchema ? [page.schema ?? 'no schema'] : [KINDS[kind], ...page.folders]
      let at = top
      for (const folder of path) {
        if (!at.folders.has(folder)) at.folders.set(folder, { folders: new Map(), pages: [] })
        at = at.folders.get(folder)
      }
      at.pages.push(page)
    }
  }
  return top
}

function branch({ folders, pages: leaves }, level = 0) {
  const names = [...folders.keys()]
  if (level > 0 || isBySchema) names.sort((a, b) => (a < b ? -1 : 1))
  const items = leaves.map((page) => h('li', entry(page)))
  return [
    names.map((name) => h('details', { open: level === 0 }, h('summary', name), branch(folders.get(name), level + 1))),
    items.length === 0 ? null : h('ul', items),
  ]
}

function entry(page, note = null) {
  return h(`a.${page.kind}`, { href: addressOf(page.id), title: page.name }, page.test?.label ?? page.name, note)
}

function plain(blocks) {
  const text = (part) => (typeof part === 'string' ? part : part[1])
  return blocks
    .map(({ lines }) => lines.map((line) => line.map(text).join('')).join(' '))
    .join(' ')
    .toLowerCase()
}

// Where a word may stand, the best place first.
const places = site.pages.map((page) => ({
  page,
  name: page.name.toLowerCase(),
  tags: page.tags.join(' ').toLowerCase(),
  columns: page.columns.map((column) => column.name.toLowerCase()),
  text: plain([...page.description, ...page.columns.flatMap((column) => column.description)]),
}))

function results(words) {
  const found = places.flatMap((place) => {
    const hits = words.map((word) => hit(place, word))
    if (hits.includes(null)) return []
    const worst = hits.reduce((a, b) => (b.rank > a.rank ? b : a))
    return [{ page: place.page, rank: worst.rank + (place.page.test === null ? 0 : 10), note: worst.note }]
  })
  found.sort((a, b) => a.rank - b.rank)
  const line = ({ page, note }) => h('li', entry(page, h('small', `${page.kind}${note}`)))
  const count = `${found.length} found${found.length > MOST_FOUND ? `, the first ${MOST_FOUND} shown` : ''}`
  return [
    h('p.quiet', { role: 'status' }, count),
    h(
      'ul.found',
      found.slice(0, MOST_FOUND).map((item) => line(item)),
    ),
  ]
}

function hit({ name, tags, columns, text }, word) {
  if (name === word) return { rank: 0, note: '' }
  if (name.startsWith(word)) return { rank: 1, note: '' }
  if (name.includes(word)) return { rank: 2, note: '' }
  if (tags.includes(word)) return { rank: 3, note: ' · tag' }
  const column = columns.find((item) => item.includes(word))
  if (column !== undefined) return { rank: column === word ? 4 : 5, note: ` · column ${column}` }
  return text.includes(word) ? { rank: 6, note: ' · description' } : null
}
