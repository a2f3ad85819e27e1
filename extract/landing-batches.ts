// JSON text escapes every control character, so one of them can stand between two payloads: Postgres then parses each
// payload once, which is the fastest way in short of COPY (bench/landing.ts).
export const SEPARATOR = '\u001e'

const BATCH_ROWS = 1000
const BATCH_CHARS = 2_000_000

/** Cuts records into lots that travel to Postgres as one statement each, bounded in number and in characters. */
export function* batches<Item extends { payload: string }>(candidates: Item[]): Generator<Item[]> {
  let batch: Item[] = []
  let chars = 0
  for (const candidate of candidates) {
    if (batch.length >= BATCH_ROWS || (batch.length > 0 && chars + candidate.payload.length > BATCH_CHARS)) {
      yield batch
      batch = []
      chars = 0
    }
    batch.push(candidate)
    chars += candidate.payload.length
  }
  if (batch.length > 0) yield batch
}
