import type { Step } from '../queue/ledger.ts'
import { count, isInteractive, say } from './output.ts'

const BAR_CELLS = 24
const LINE_EVERY_MS = 5000

/** Shows how a run gets on: one moving line with a bar on a terminal, a plain line now and then elsewhere. */
export interface ProgressDisplay {
  update(steps: Step[]): void
  finish(): void
}

export function progressDisplay(now: () => number = Date.now): ProgressDisplay {
  return isInteractive() ? movingLine() : plainLines(now)
}

export function progressOf(steps: Step[]): { fraction: number; text: string } {
  const extracts = steps.filter((step) => step.kind === 'extract')
  const windows = sum(extracts, (step) => step.windows_total)
  const done = sum(extracts, (step) => step.windows_done)
  const fetched = sum(extracts, (step) => step.fetched)
  const flattened = sum(
    steps.filter((step) => step.kind === 'transform'),
    (step) => (step.output as { records?: number } | null)?.records ?? 0,
  )
  const build = steps.find((step) => step.kind === 'build')
  const open = steps.find((step) => step.kind !== 'build' && (step.status === 'pending' || step.status === 'running'))
  const read = windows === 0 ? 0 : done / windows
  // Reading and flattening go on together and take most of the time; the models are the rest.
  const fraction = build?.status === 'succeeded' ? 1 : 0.85 * read + (open === undefined ? 0.05 : 0)
  const isBuilding = open === undefined && build !== undefined && build.status !== 'skipped'
  const phase = isBuilding ? 'building and testing the models' : 'reading and flattening'
  const trouble = steps.find((step) => step.error_code !== null && step.status !== 'failed')
  const note = trouble === undefined ? '' : ` (trying again after ${trouble.error_code})`
  if (windows === 0) return { fraction: 0, text: 'starting: asking what to read' }
  const text = `${phase}: ${done}/${windows} windows, ${count(fetched)} invoices read, ${count(flattened)} flattened${note}`
  return { fraction, text }
}

const sum = (steps: Step[], of: (step: Step) => number) => steps.reduce((total, step) => total + of(step), 0)

function movingLine(): ProgressDisplay {
  const clear = '\r\u001b[2K'
  return {
    update(steps) {
      const { fraction, text } = progressOf(steps)
      const full = Math.round(fraction * BAR_CELLS)
      const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}]`
      const width = process.stderr.columns
      process.stderr.write(`${clear}${`${bar} ${text}`.slice(0, Math.max(20, width - 1))}`)
    },
    finish: () => void process.stderr.write(clear),
  }
}

function plainLines(now: () => number): ProgressDisplay {
  let last = ''
  let lastPhase = ''
  let saidAt = Number.NEGATIVE_INFINITY
  return {
    update(steps) {
      const { text } = progressOf(steps)
      const phase = text.slice(0, text.indexOf(':'))
      if (text === last || (phase === lastPhase && now() - saidAt < LINE_EVERY_MS)) return
      say(text)
      last = text
      lastPhase = phase
      saidAt = now()
    },
    finish() {},
  }
}
