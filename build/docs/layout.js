const NODE_HEIGHT = 34
const ROW_GAP = 14
const LAYER_GAP = 56
const LANE_HEIGHT = 8 // of a long edge on its way past a layer

/**
 * Places nodes (`{ id, width }`) in layers from left to right, so that every edge (`[from, to]`) points right: layers by
 * longest path, order within a layer by barycenters. Returns boxes by id, a list of points for each edge, and the size.
 */
export function layoutGraph(nodes, edges) {
  const layerOf = layersOf(nodes, edges)
  const layers = []
  const place = (item) => (layers[item.layer] ??= []).push(item)
  const items = new Map(
    nodes.map(({ id, width }) => [
      id,
      { id, width, height: NODE_HEIGHT, layer: layerOf.get(id), left: [], right: [], y: 0 },
    ]),
  )
  for (const item of items.values()) place(item)
  const routes = edges.map(([from, to]) => {
    const route = [items.get(from)]
    while (route.at(-1).layer < items.get(to).layer - 1) {
      const lane = { width: 0, height: LANE_HEIGHT, layer: route.at(-1).layer + 1, left: [], right: [], y: 0 }
      place(lane)
      route.push(lane)
    }
    route.push(items.get(to))
    for (let i = 1; i < route.length; i++) {
      route[i - 1].right.push(route[i])
      route[i].left.push(route[i - 1])
    }
    return route
  })
  order(layers)
  return measure(layers, items, routes, edges)
}

/** Longest path from the left; a node that reads nothing then moves right, next to the first that reads it. */
function layersOf(nodes, edges) {
  const parents = new Map(nodes.map(({ id }) => [id, []]))
  const children = new Map(nodes.map(({ id }) => [id, []]))
  for (const [from, to] of edges) {
    parents.get(to).push(from)
    children.get(from).push(to)
  }
  const layers = new Map()
  const waiting = new Map([...parents].map(([id, from]) => [id, from.length]))
  const ready = nodes.map(({ id }) => id).filter((id) => waiting.get(id) === 0)
  for (const id of ready) {
    layers.set(id, Math.max(-1, ...parents.get(id).map((parent) => layers.get(parent))) + 1)
    for (const child of children.get(id)) {
      waiting.set(child, waiting.get(child) - 1)
      if (waiting.get(child) === 0) ready.push(child)
    }
  }
  // Only a cycle is not reached, which no build order allows.
  for (const { id } of nodes) if (!layers.has(id)) layers.set(id, 0)
  for (const { id } of nodes) {
    const next = children.get(id).map((child) => layers.get(child))
    if (parents.get(id).length === 0 && next.length > 0) layers.set(id, Math.min(...next) - 1)
  }
  return layers
}

function order(layers) {
  for (const layer of layers) stack(layer)
  for (let sweep = 0; sweep < 12; sweep++) {
    const isForward = sweep % 2 === 0
    for (const layer of isForward ? layers : [...layers].reverse()) {
      const wanted = new Map(layer.map((item) => [item, mean(isForward ? item.left : item.right) ?? item.y]))
      layer.sort((a, b) => wanted.get(a) - wanted.get(b))
      stack(layer)
    }
  }
  // The order stands; now let each item move towards its neighbours as far as the gaps allow.
  for (let sweep = 0; sweep < 12; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      settle(
        layer,
        layer.map((item) => mean([...item.left, ...item.right]) ?? item.y),
      )
    }
  }
}

function stack(layer) {
  const height = layer.reduce((sum, item) => sum + item.height + ROW_GAP, 0)
  let y = -height / 2
  for (const item of layer) {
    item.y = y + item.height / 2
    y += item.height + ROW_GAP
  }
}

/** The mean of pushing everything down and pushing everything up keeps every gap, as both of them do. */
function settle(layer, wanted) {
  const gap = (i) => (layer[i].height + layer[i - 1].height) / 2 + ROW_GAP
  const down = [...wanted]
  const up = [...wanted]
  for (let i = 1; i < layer.length; i++) down[i] = Math.max(down[i], down[i - 1] + gap(i))
  for (let i = layer.length - 2; i >= 0; i--) up[i] = Math.min(up[i], up[i + 1] - gap(i + 1))
  for (const [i, item] of layer.entries()) item.y = (down[i] + up[i]) / 2
}

function mean(items) {
  return items.length === 0 ? null : items.reduce((sum, item) => sum + item.y, 0) / items.length
}

function measure(layers, items, routes, edges) {
  const top = Math.min(...layers.flat().map((item) => item.y - item.height / 2))
  const bottom = Math.max(...layers.flat().map((item) => item.y + item.height / 2))
  const columns = []
  let x = 0
  for (const layer of layers) {
    const width = Math.max(...layer.map((item) => item.width))
    columns.push({ x, width })
    x += width + LAYER_GAP
  }
  const boxes = new Map(
    [...items].map(([id, item]) => [
      id,
      { x: columns[item.layer].x, y: item.y - item.height / 2 - top, width: item.width, height: item.height },
    ]),
  )
  const lines = routes.map((route, i) => {
    const points = route.slice(1, -1).flatMap((lane) => {
      const column = columns[lane.layer]
      return [column.x, column.x + column.width].map((side) => [side, lane.y - top])
    })
    const [first, last] = [route[0], route.at(-1)]
    const start = [columns[first.layer].x + first.width, first.y - top]
    return { from: edges[i][0], to: edges[i][1], points: [start, ...points, [columns[last.layer].x, last.y - top]] }
  })
  return { boxes, lines, width: Math.max(0, x - LAYER_GAP), height: Math.max(0, bottom - top) }
}
