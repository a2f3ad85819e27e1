import { PipelineError } from '../../core/errors.ts'

// The request is at fault, or one item in it; what passes by itself or concerns every call is not narrowed down.
const OF_THE_BATCH = new Set(['GEOTAB_BAD_REQUEST', 'GEOTAB_UNKNOWN', 'GEOTAB_RESULT_LIMIT', 'GEOTAB_UNEXPECTED_REPLY'])

// Where nothing works at all, it is not the items: after so many in a row the rest is not asked.
const MOST_FAILURES = 5

/**
 * Asks about items in batches of at most `size` and tells the answer to each, aligned by index. A batch that fails, or
 * whose answers are not as many, is halved, until the item at fault stands alone and is told its error. When every
 * item fails with what may pass, that error is thrown.
 */
export async function halvedUntilItWorks<T, A>(
  items: readonly T[],
  size: number,
  ask: (batch: readonly T[]) => Promise<readonly A[]>,
  tell: (item: T, answer: A | PipelineError) => void,
): Promise<void> {
  const batches: (readonly T[])[] = []
  for (let at = 0; at < items.length; at += size) batches.push(items.slice(at, at + size))
  let worked = false
  let failures = 0
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
    const answers = await answersOf(batch, ask)
    if (!(answers instanceof PipelineError)) {
      worked ||= batch.length > 0
      for (const [i, item] of batch.entries()) tell(item, answers[i] as A)
    } else if (batch.length === 1) {
      if (answers.retry === 'later') failures += 1
      if (!worked && failures >= MOST_FAILURES) throw answers
      tell(batch[0] as T, answers)
    } else {
      const middle = Math.ceil(batch.length / 2)
      batches.unshift(batch.slice(0, middle), batch.slice(middle))
    }
  }
}

async function answersOf<T, A>(batch: readonly T[], ask: (batch: readonly T[]) => Promise<readonly A[]>) {
  try {
    const answers = await ask(batch)
    if (answers.length === batch.length) return answers
    const message = `${answers.length} answers came for ${batch.length} questions.`
    return new PipelineError('GEOTAB_UNEXPECTED_REPLY', message, 'later')
  } catch (error) {
    if (error instanceof PipelineError && OF_THE_BATCH.has(error.code)) return error
    throw error
  }
}
