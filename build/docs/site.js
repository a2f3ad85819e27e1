import { pages, site } from './data.js'
import { showCurrent, startNavigation } from './navigation.js'
import { missingPage, pageOf, startPage } from './pages.js'

const main = document.querySelector('#main')
let shown = null

function route() {
  const [id, column = null] = location.hash.slice(2).split('/').map(decode)
  const page = pages.get(id) ?? null
  const isSame = page !== null && page === shown
  const isFirst = main.querySelector('noscript') !== null
  const scroll = window.scrollY
  main.replaceChildren(...(id === '' ? startPage() : page === null ? missingPage(id) : pageOf(page, column)))
  document.title = page === null ? site.project : `${page.name} · ${site.project}`
  shown = page
  showCurrent(page)
  if (isSame) {
    window.scrollTo(0, scroll)
    main.querySelector('tr.chosen a')?.focus({ preventScroll: true })
    return
  }
  window.scrollTo(0, 0)
  if (!isFirst) main.querySelector('h1')?.focus({ preventScroll: true })
}

function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a % that encodes nothing: no page has such an address
  }
}

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault()
  main.focus()
})
window.addEventListener('hashchange', route)
startNavigation()
route()
