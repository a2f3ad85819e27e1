import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { loadProject } from '../../build/project/project.ts'
import { createProgram } from '../../cli/program.ts'
import { commandsReference, modelsReference } from '../../cli/reference.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const file = (path: string) => readFileSync(resolve(ROOT, path), 'utf8')

test('docs/reference/commands.md is what the commands say of themselves (npm run generate)', () => {
  expect(commandsReference(createProgram())).toBe(file('docs/reference/commands.md'))
})

test('docs/reference/models.md is what the models say of themselves (npm run generate)', async () => {
  expect(modelsReference(loadProject(ROOT))).toBe(file('docs/reference/models.md'))
})

test('every column of a published relation is described', async () => {
  const { properties } = loadProject(ROOT)
  const undescribed = properties.flatMap((model) =>
    model.columns.filter((column) => column.description.trim() === '').map((column) => `${model.name}.${column.name}`),
  )
  expect(undescribed).toEqual([])
})

test.for(['README.md', 'docs/configuration.md'])('every milepost command in %s exists', (path) => {
  const known = createProgram().commands.map((command) => command.name())
  const named = [...file(path).matchAll(/npx milepost ([a-z]+)/g)].map((match) => match[1])
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((name) => !known.includes(name!))).toEqual([])
})
