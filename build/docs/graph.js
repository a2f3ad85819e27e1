import { addressOf, h, newDrawing, shape } from './element.js'
import { layoutGraph } from './layout.js'

const PADDING = 16
const LEAST_SCALE = 0.4 // at which names can still be read
const FACE = '12px system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif' // as in site.css

/**
 * The lineage of some pages, drawn; `focus` is the page it is about, `notes` a second line for a box, by id, `edges`
 * are those between the pages if nothing else is said. A box leads to its page, and lights up what it comes from and
 * leads to while it is pointed at.
 */
export function drawGraph(shown, { focus = null, notes = new Map(), edges: given, label, control = null }) {
  const edges = distinct(given ?? shown.flatMap((page) => page.parents.map((id) => [id, page.id])), shown)
  const width = ({ id, name }) => Math.max(widthOf(name), widthOf(notes.get(id) ?? '')) + 28
  const layout = layoutGraph(
    shown.map((page) => ({ id: page.id, width: width(page) })),
    edges,
  )
  const lines = layout.lines.map((line) => ({
    ...line,
    drawn: shape('path', { class: 'edge', d: curve(line.points) }),
  }))
  const boxes = new Map(
    shown.map((page) => [page.id, drawBox(page, layout.boxes.get(page.id), page.id === focus, notes.get(page.id))]),
  )
  const canvas = newDrawing()
  canvas.setAttribute('aria-label', `${label}: ${shown.length} nodes. Arrow keys move, plus and minus zoom.`)
  canvas.append(...lines.map((line) => line.drawn), ...boxes.values())

  const light = (id) => {
    const lit = id === null ? null : new Set([...reach(edges, id, 0), ...reach(edges, id, 1)])
    canvas.classList.toggle('lit', lit !== null)
    for (const [other, box] of boxes) box.classList.toggle('on', lit?.has(other) ?? false)
    for (const { from, to, drawn } of lines) {
      const isOn = lit !== null && lit.has(from) && lit.has(to)
      drawn.classList.toggle('on', isOn)
      if (isOn) drawn.parentNode.insertBefore(drawn, boxes.values().next().value)
    }
  }
  for (const [id, box] of boxes) {
    for (const event of ['pointerenter', 'focus']) box.addEventListener(event, () => light(id))
    for (const event of ['pointerleave', 'blur']) box.addEventListener(event, () => light(null))
  }
  return frame(canvas, layout, control)
}

/** Each edge between two of the pages once. */
function distinct(edges, shown) {
  const ids = new Set(shown.map((page) => page.id))
  const inside = edges.filter(([from, to]) => from !== to && ids.has(from) && ids.has(to))
  return [...new Map(inside.map((edge) => [edge.join(' '), edge])).values()]
}

const ruler = document.createElement('canvas').getContext('2d')
ruler.font = FACE

function widthOf(text) {
  return Math.ceil(ruler.measureText(text).width)
}

/** What an edge list leads to from `id` (end 1), or where it comes from (end 0), `id` included. */
function reach(edges, id, end) {
  const found = new Set([id])
  for (const at of found) for (const edge of edges) if (edge[1 - end] === at) found.add(edge[end])
  return found
}

function drawBox(page, box, isFocus, note) {
  const text = (y, kind, words) => shape('text', { x: box.x + 16, y: box.y + y, class: kind }, words)
  const size = { x: box.x, y: box.y, width: box.width, height: box.height, rx: 5 }
  return shape(
    'a',
    {
      href: addressOf(page.id),
      class: `box ${page.kind}${isFocus ? ' focus' : ''}`,
      'aria-label': `${page.kind} ${page.name}`,
    },
    shape('rect', { ...size, class: 'back' }),
    shape('rect', { x: box.x + 6, y: box.y + 8, width: 3, height: box.height - 16, rx: 1.5, class: 'bar' }),
    note === undefined ? text(21, 'name', page.name) : [text(15, 'name', page.name), text(28, 'note', note)],
  )
}

function curve([[x, y], ...points]) {
  let path = `M${x},${y}`
  for (const [nextX, nextY] of points) {
    const middle = (x + nextX) / 2
    path += nextY === y ? `H${nextX}` : `C${middle},${y} ${middle},${nextY} ${nextX},${nextY}`
    ;[x, y] = [nextX, nextY]
  }
  return path
}

/** A drawing in a frame in which it can be moved, zoomed and shown on the whole screen. */
function frame(canvas, layout, control) {
  const view = { x: 0, y: 0, scale: 1 }
  const holder = h('div.graph')
  const isLarge = () => document.fullscreenElement === holder
  const show = () => {
    const { clientWidth: width, clientHeight: height } = canvas
    canvas.setAttribute('viewBox', [view.x, view.y, width / view.scale, height / view.scale].join(' '))
  }
  const fit = (least) => {
    if (canvas.clientWidth === 0) return // taken off the page
    if (isLarge()) canvas.style.height = ''
    const [width, height] = [layout.width + 2 * PADDING, layout.height + 2 * PADDING]
    const room = isLarge() ? canvas.clientHeight : window.innerHeight * 0.75
    view.scale = Math.max(least, Math.min(1, canvas.clientWidth / width, room / height))
    if (!isLarge()) canvas.style.height = `${Math.max(90, Math.min(room, height * view.scale))}px`
    view.x = -PADDING - Math.max(0, (canvas.clientWidth / view.scale - width) / 2)
    view.y = -PADDING - Math.max(0, (canvas.clientHeight / view.scale - height) / 2)
    show()
  }
  const zoom = (factor, at = [canvas.clientWidth / 2, canvas.clientHeight / 2]) => {
    const scale = Math.min(3, Math.max(0.02, view.scale * factor))
    view.x += at[0] / view.scale - at[0] / scale
    view.y += at[1] / view.scale - at[1] / scale
    view.scale = scale
    show()
  }
  const move = (x, y) => {
    view.x -= x / view.scale
    view.y -= y / view.scale
    show()
  }
  const enlarge = () => (isLarge() ? document.exitFullscreen() : holder.requestFullscreen())
  const button = (text, name, click) => h('button', { type: 'button', 'aria-label': name, title: name, click }, text)

  let width = 0
  new ResizeObserver(() => {
    if (canvas.clientWidth === width) return
    width = canvas.clientWidth
    requestAnimationFrame(() => fit(LEAST_SCALE))
  }).observe(holder)
  holder.addEventListener('fullscreenchange', () => fit(LEAST_SCALE))
  // The wheel alone scrolls the page, but not where the drawing covers it.
  canvas.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !isLarge()) return
      event.preventDefault()
      const { left, top } = canvas.getBoundingClientRect()
      zoom(Math.exp(-event.deltaY / 300), [event.clientX - left, event.clientY - top])
    },
    { passive: false },
  )
  canvas.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key]
    if (steps !== undefined) move(...steps)
    else if (event.key === '+' || event.key === '-') zoom(event.key === '+' ? 1.25 : 0.8)
    else return
    event.preventDefault()
  })
  drag(canvas, move)
  holder.append(
    h(
      'div.tools',
      control,
      button('−', 'Zoom out', () => zoom(0.8)),
      button('+', 'Zoom in', () => zoom(1.25)),
      button('Fit', 'Show all of it', () => fit(0)),
      document.fullscreenEnabled ? button('Enlarge', 'Whole screen', enlarge) : null,
    ),
    canvas,
  )
  return holder
}

function drag(canvas, move) {
  let from = null
  let distance = 0
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    from = event
    distance = 0
  })
  canvas.addEventListener('pointermove', (event) => {
    if (from === null || event.buttons === 0) return
    distance += Math.abs(event.movementX) + Math.abs(event.movementY)
    // Not before it is a drag: a captured pointer would keep the click from the box below it.
    if (distance > 4 && !canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId)
    move(event.clientX - from.clientX, event.clientY - from.clientY)
    from = event
  })
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => (from = null))
  canvas.addEventListener('click', (event) => distance > 4 && event.preventDefault(), true)
  canvas.addEventListener('dragstart', (event) => event.preventDefault())
}
