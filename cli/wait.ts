/** Waits until the signal aborts, and keeps the process alive meanwhile: between two jobs nothing else might. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const alive = setInterval(() => {}, 60_000)
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
  clearInterval(alive)
}
