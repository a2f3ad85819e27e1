import { describe, expect, test } from 'vitest'

interface Box {
  x: number
  y: number
  width: number
  height: number
}
interface Layout {
  boxes: Map<string, Box>
  lines: { from: string; to: string; points: [number, number][] }[]
  width: number
  height: number
}
type LayoutGraph = (nodes: { id: string; width: number }[], edges: [string, string][]) => Layout

// A module of the page, and so in JavaScript.
const path = new URL('../../build/docs/layout.js', import.meta.url).href
const { layoutGraph } = (await import(path)) as { layoutGraph: LayoutGraph }

function layoutOf(edges: string[], alone: string[] = []): Layout {
  const pairs = edges.map((edge) => edge.split('-') as [string, string])
  const ids = [...new Set([...pairs.flat(), ...alone])]
  return layoutGraph(
    ids.map((id) => ({ id, width: 40 + 10 * id.length })),
    pairs,
  )
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

const GRAPHS = [
  { name: 'nothing', edges: [], alone: [] },
  { name: 'one box', edges: [], alone: ['a'] },
  { name: 'a chain', edges: ['a-b', 'b-c'] },
  { name: 'a diamond', edges: ['a-b', 'a-c', 'b-d', 'c-d'] },
  { name: 'a long edge', edges: ['a-b', 'b-c', 'c-d', 'a-d', 'e-d'] },
  { name: 'a fan', edges: Array.from({ length: 30 }, (_, i) => `a-b${i}`), alone: ['z'] },
  {
    name: 'layers all joined',
    edges: [0, 1, 2].flatMap((k) => Array.from({ length: 36 }, (_, i) => `${k}.${i % 6}-${k + 1}.${(i / 6) | 0}`)),
  },
]

describe.for(GRAPHS)('the layout of $name', ({ edges, alone }) => {
  const layout = layoutOf(edges, alone)
  const boxes = [...layout.boxes.values()]

  test('keeps the boxes apart and within its size', () => {
    const clashes = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => overlaps(a, b)))
    expect(clashes).toEqual([])
    const outside = boxes.filter((box) => box.x < 0 || box.y < -1e-6 || box.x + box.width > layout.width)
    expect(outside).toEqual([])
    expect(Math.max(0, ...boxes.map((box) => box.y + box.height))).toBeLessThanOrEqual(layout.height + 1e-6)
  })

  test('leads every edge rightwards from box to box', () => {
    expect(layout.lines).toHaveLength(edges.length)
    for (const { from, to, points } of layout.lines) {
      const xs = points.map(([x]) => x)
      expect(xs).toEqual(xs.toSorted((a, b) => a - b))
      expect(points[0]?.[1]).toBeCloseTo((layout.boxes.get(from)?.y ?? 0) + 17)
      expect(points.at(-1)).toEqual([layout.boxes.get(to)?.x, expect.closeTo((layout.boxes.get(to)?.y ?? 0) + 17)])
    }
  })
})

test('the layout draws two independent chains without a crossing', () => {
  const { boxes } = layoutOf(['a-x', 'b-y', 'x-p', 'y-q'])
  const above = (one: string, other: string) => (boxes.get(one)?.y ?? 0) < (boxes.get(other)?.y ?? 0)
  expect([above('x', 'y'), above('p', 'q')]).toEqual([above('a', 'b'), above('a', 'b')])
})

test('the layout puts what reads nothing next to what reads it', () => {
  const { boxes } = layoutOf(['a-b', 'b-c', 'late-c'])
  expect(boxes.get('late')?.x).toBe(boxes.get('b')?.x)
})

test('the layout draws even a cycle', () => {
  expect(layoutOf(['a-b', 'b-a', 'b-c']).boxes.size).toBe(3)
})

test('the layout of 1,000 models takes less than a second', () => {
  const edges = Array.from({ length: 3000 }, (_, i) => [
    `m${(i * 7919) % 900}`,
    `m${((i * 7919) % 900) + 1 + (i % 97)}`,
  ])
  const started = performance.now()
  layoutOf(edges.map((edge) => edge.join('-')))
  expect(performance.now() - started).toBeLessThan(1000)
})
