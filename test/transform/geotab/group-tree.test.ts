import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type TreeGroup,
  ancestorIds,
  groupTree,
  isInCycle,
  placeOf,
  strictDescendants,
} from '../../../transform/geotab/group-tree.ts'

/** Groups written as `id: children`, named by their id in capitals. */
const groups = (children: Record<string, string>): TreeGroup[] =>
  Object.entries(children).map(([group_id, ids]) => ({
    group_id,
    name: group_id.toUpperCase(),
    child_ids: ids.split(' ').filter((id) => id !== ''),
  }))

describe('case 23: a group', () => {
  const tree = groupTree(
    groups({ company: 'east west', east: 'vans', west: 'vans gone', vans: 'small', small: '', other: '' }),
  )

  test('has a path for each way from the top', () => {
    expect(placeOf(tree, 'small')).toEqual({
      paths: ['COMPANY > EAST > VANS > SMALL', 'COMPANY > WEST > VANS > SMALL'],
      ancestor_ids: ['company', 'east', 'vans', 'west'],
      depth: 3,
    })
  })

  test('at the top is its own path', () => {
    expect(placeOf(tree, 'other')).toEqual({ paths: ['OTHER'], ancestor_ids: [], depth: 0 })
  })

  test('without a name is shown by its id', () => {
    const built = groupTree([{ group_id: 'GroupVehicleId', name: null, child_ids: [] }])
    expect(placeOf(built, 'GroupVehicleId').paths).toEqual(['GroupVehicleId'])
  })

  test('that nobody knows has no place', () => {
    expect(placeOf(tree, 'gone')).toEqual({ paths: [], ancestor_ids: [], depth: null })
  })

  test('that is named as a child and does not exist is reported', () => {
    expect(tree.missing).toEqual([{ group_id: 'west', child_id: 'gone' }])
  })
})

describe('case 23: the groups below some roots', () => {
  const tree = groupTree(groups({ root: 'a b', a: 'c', b: 'c', c: 'd', d: '', elsewhere: 'f', f: '' }))

  test.for([
    { roots: ['root'], below: ['a', 'b', 'c', 'd'] },
    { roots: ['a'], below: ['c', 'd'] },
    { roots: ['d'], below: [] },
    { roots: ['a', 'f'], below: ['c', 'd'] },
    { roots: ['b', 'elsewhere'], below: ['c', 'd', 'f'] },
    { roots: ['root', 'a'], below: ['a', 'b', 'c', 'd'] },
    { roots: ['unknown'], below: [] },
    { roots: ['ROOT'], below: [] },
    { roots: [], below: [] },
  ])('of $roots are $below', ({ roots, below }) => {
    expect([...strictDescendants(tree, roots)].toSorted()).toEqual(below)
  })
})

describe('case 23: a cycle', () => {
  const tree = groupTree(groups({ top: 'a', a: 'b', b: 'c', c: 'a', x: 'y', y: 'x', self: 'self' }))

  test('ends, and its groups keep a path', () => {
    expect(placeOf(tree, 'c').paths).toEqual(['TOP > A > B > C'])
    expect(placeOf(tree, 'x')).toEqual({ paths: ['Y > X'], ancestor_ids: ['y'], depth: null })
    expect(placeOf(tree, 'self')).toEqual({ paths: ['SELF'], ancestor_ids: [], depth: 0 })
  })

  test('is recognised', () => {
    expect(['top', 'a', 'b', 'c', 'x', 'self'].map((id) => isInCycle(tree, id))).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ])
  })

  test('does not make a root its own descendant', () => {
    expect([...strictDescendants(tree, ['a'])].toSorted()).toEqual(['b', 'c'])
  })
})

test('ways that double again and again are not all followed', () => {
  const levels = Array.from({ length: 40 }, (_, level) => level)
  const lattice = groups(
    Object.fromEntries(
      levels.flatMap((level) => ['l', 'r'].map((side) => [`${side}${level}`, `l${level + 1} r${level + 1}`])),
    ),
  )
  const place = placeOf(groupTree(lattice), 'l39')
  expect(place.paths.length).toBe(64)
  expect(place).toMatchObject({ depth: 39, ancestor_ids: { length: 78 } })
})

test('a chain of very many groups is walked, its path cut at the top', () => {
  const chain = groups(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`g${at}`, `g${at + 1}`])))
  const tree = groupTree(chain)
  const place = placeOf(tree, 'g19999')
  expect(place).toMatchObject({ depth: 19_999, ancestor_ids: { length: 19_999 } })
  expect(place.paths[0]?.split(' > ').length).toBe(64)
  expect(strictDescendants(tree, ['g0']).size).toBe(19_999)
})

test('any graph whatever is walked to its end, and below and above agree', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const graph = fc.dictionary(
    fc.constantFrom(...ids),
    fc.array(fc.constantFrom(...ids, 'missing'), { maxLength: 4 }).map((list) => list.join(' ')),
  )
  fc.assert(
    fc.property(graph, (children) => {
      const tree = groupTree(groups(children))
      for (const id of tree.groups.keys()) {
        const { paths } = placeOf(tree, id)
        expect(paths.length).toBeGreaterThan(0)
        for (const path of paths) expect(new Set(path.split(' > ')).size).toBe(path.split(' > ').length)
        for (const above of ancestorIds(tree, id)) expect(strictDescendants(tree, [above])).toContain(id)
        for (const below of strictDescendants(tree, [id])) expect(ancestorIds(tree, below)).toContain(id)
      }
    }),
    { numRuns: 100 },
  )
})
