import { messageOf } from '../../core/errors.ts'
import { failure, PlacedError, type SourceText } from './problem.ts'
import { renderNative, type RenderContext } from './render.ts'
import { checkTemplate, VALUE_NAMES } from './template-check.ts'
import { parseTemplate } from './template.ts'

/**
 * The value of a string of a YAML file, which stands at `offset` of `source`. A string that is one `{{ expression }}`
 * has the expression's value, with its type; any other has its text. Throws a PlacedError.
 */
export function renderValue(text: string, context: RenderContext, source: SourceText, offset: number): unknown {
  if (!/\{[{%#]/.test(text)) return text
  const template = parseTemplate({ file: source.file, text, origin: { source, offset } })
  const [problem] = checkTemplate(template, [], VALUE_NAMES)
  if (problem !== undefined) throw new PlacedError(problem)
  try {
    return renderNative(template, context)
  } catch (error) {
    throw error instanceof PlacedError ? error : failure(source, offset, messageOf(error))
  }
}
