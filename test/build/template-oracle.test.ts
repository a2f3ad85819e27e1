import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PlacedError } from '../../build/template/problem.ts'
import { render } from '../../build/template/render.ts'
import { checkTemplate } from '../../build/template/template-check.ts'
import { parseTemplate } from '../../build/template/template.ts'

/** What Jinja2 does with a template (see fixtures/templates/generate.py). */
interface Case {
  template: string
  text?: string
  error?: string
}

const VARS = {
  n: 7,
  name: "Ann O'Hara",
  empty: '',
  names: ['b', 'a', 'C'],
  nothing: null,
  yes: true,
  rate: 2.5,
  row: { id: 1, city: 'Ulm', tags: ['x', 'y'] },
  rows: [
    { id: 2, city: 'Ulm', size: 1.5 },
    { id: 1, city: 'Bonn', size: 2 },
    { id: 3, city: 'ulm', size: 0.5 },
  ],
}

// What Jinja takes and we refuse on purpose, by our message.
const REFUSED =
  /is printed; join|is used as a text|in parentheses|two values at a time|15 digits|has no length|has no order|take a generator|what tojson gives|is a method|a view|is not supported|cannot have an else|must be strings|no finite|Identifier !== Close|in parentheses|use \.format|too often/

function ours(text: string): { text: string } | { error: string } {
  try {
    const template = parseTemplate({ file: 'a.sql', text })
    const [problem] = checkTemplate(template, [])
    if (problem !== undefined) return { error: problem.message }
    const vars = structuredClone(VARS)
    const nowhere = { schema: '', name: '' }
    const context = { ref: () => nowhere, source: () => nowhere, config: () => {}, this: null, vars }
    return { text: render(template, [], { ...context, target: { name: '', schema: '' }, isIncremental: false }).sql }
  } catch (error) {
    if (error instanceof PlacedError) return { error: error.problem.message }
    throw error
  }
}

test.for(['expressions', 'joined', 'statements'])('%s give the text that Jinja gives, or are refused', (name) => {
  const cases: Case[] = JSON.parse(readFileSync(new URL(`../fixtures/templates/${name}.json`, import.meta.url), 'utf8'))
  const same = cases.filter(({ template, text }) => {
    const made = { template, ...ours(template) }
    if (text === undefined || ('error' in made && REFUSED.test(made.error))) {
      expect(made).toHaveProperty('error')
      return text === undefined
    }
    expect(made).toEqual({ template, text })
    return true
  })
  expect(same.length).toBeGreaterThan(cases.length * 0.8)
})
