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
  const fetched = sum(extracts, (step) => step.fetched)
  const transforms = steps.filter((step) => step.kind === 'transform')
  const transformed = sum(transforms, (step) => (step.output as { records?: number } | null)?.records ?? 0)
  const begun = extracts.some((step) => step.status !== 'pending')
  if (!begun) return { fraction: 0, text: 'starting: asking what to read' }
  const later = steps.find((step) => LATER[step.kind] !== undefined && isOpen(step) && step.job_id !== null)
  const reading = [...extracts, ...transforms]
  // Reading and transforming go on together and take most of the time; a reading by windows is as far as its windows.
  const read = sum(reading, doneOf) / Math.max(1, reading.length)
  const ended = steps.filter((step) => !isOpen(step)).length / steps.length
  const fraction = later === undefined && ended < 1 ? 0.8 * read : Math.max(0.8, ended)
  const trouble = steps.find((step) => step.error_code !== null && step.status !== 'failed')
  const note = trouble === undefined ? '' : ` (trying again after ${trouble.error_code})`
  const phase = later === undefined ? 'reading and transforming' : LATER[later.kind]
  const span = windows === 0 ? '' : `${sum(extracts, (step) => step.windows_done)}/${windows} windows, `
  const text = `${phase}: ${span}${count(fetched)} records read, ${count(transformed)} transformed${note}`
  return { fraction, text }
}

const LATER: Partial<Record<Step['kind'], string>> = {
  enrich: 'laying the feeds beside each other',
  build: 'building and testing the models',
  deliver: 'delivering the reports',
  sync: "changing vehicles by Chevin's file",
}

const isOpen = (step: Step) => step.status === 'pending' || step.status === 'running'

function doneOf(step: Step): number {
  if (!isOpen(step)) return 1
  return step.windows_total === 0 ? 0 : step.windows_done / step.windows_total
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
