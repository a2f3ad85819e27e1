/**
 * An element such as `h('a.name', { href }, 'text')`; the attributes may be left out. Its children are elements and
 * texts, so that no text of a model ever becomes markup; what is null is left out.
 */
export function h(selector, ...rest) {
  const [tag, ...classes] = selector.split('.')
  const target = document.createElement(tag)
  if (classes.length > 0) target.className = classes.join(' ')
  const hasAttributes = Object.getPrototypeOf(rest[0] ?? '') === Object.prototype
  return fill(target, hasAttributes ? rest[0] : {}, hasAttributes ? rest.slice(1) : rest)
}

// Parsed from the page, it knows the namespace of drawings.
const drawing = document.querySelector('#drawing').content.firstElementChild

export function newDrawing() {
  return drawing.cloneNode(true)
}

export function shape(tag, attributes, ...children) {
  return fill(document.createElementNS(drawing.namespaceURI, tag), attributes, children)
}

function fill(target, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') target.addEventListener(name, value)
    else if (value !== null && value !== false) target.setAttribute(name, value)
  }
  target.append(...children.flat(Infinity).filter((child) => child !== null))
  return target
}

/** Draws the blocks of Markdown that markdown.ts read. */
export function prose(blocks) {
  const part = (inline) => (typeof inline === 'string' ? inline : h(inline[0], inline[1]))
  return blocks.map(({ tag, lines }) => {
    const parts = lines.map((line) => line.map(part))
    return h(tag, tag === 'ul' || tag === 'ol' ? parts.map((line) => h('li', line)) : parts)
  })
}

export function addressOf(id, column = null) {
  return `#/${[id, ...(column === null ? [] : [column])].map(encodeURIComponent).join('/')}`
}

export function linkTo(page, column = null, text = page.name) {
  // Long names break where their words end.
  const parts = text.split(/(?<=[._])(?=[a-z])/).flatMap((part, i) => (i === 0 ? [part] : [h('wbr'), part]))
  return h('a', { href: addressOf(page.id, column) }, parts)
}

export function section(title, ...content) {
  return h('section', h('h2', title), content)
}

export function plainList(items) {
  return h(
    'ul.plain',
    items.map((item) => h('li', item)),
  )
}

export function quiet(text) {
  return h('span.quiet', ` ${text}`)
}

export function testLine(page) {
  const { severity, label } = page.test
  return [linkTo(page, null, label), ' ', h(`span.chip.${severity.replace(' ', '-')}`, severity)]
}
