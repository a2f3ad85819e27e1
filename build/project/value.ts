import type { CompileOptions } from '../graph/graph.ts'
import { didYouMean } from '../template/problem.ts'
import { renderValue } from '../template/render-value.ts'
import type { RenderContext } from '../template/render.ts'
import type { ValueRenderer } from './yaml-file.ts'

/** Renders values of YAML files, in which var(), env_var(), target and doc() may be used. */
export function valueRenderer(
  options: CompileOptions,
  vars: Record<string, unknown>,
  docs: Map<string, { text: string }>,
): ValueRenderer {
  const nothing = (name: string): never => {
    throw new Error(`${name}() cannot be used in YAML; there are var(), env_var() and doc()`)
  }
  const context: RenderContext = {
    ref: () => nothing('ref'),
    source: () => nothing('source'),
    config: () => nothing('config'),
    this: null,
    isIncremental: false,
    vars: { ...vars, ...options.vars },
    env: options.env ?? (() => undefined),
    target: { database: '', name: 'default', schema: 'public', ...options.target },
    doc: (name: string) => {
      const block = docs.get(name)
      if (block !== undefined) return block.text
      throw new Error(`there is no {% docs ${name} %}${didYouMean(name, docs.keys())}`)
    },
  }
  return (text, source, offset) => renderValue(text, context, source, offset)
}
