const ASPECTS = ['relations', 'columns', 'constraints', 'indexes', 'comments', 'rows', 'results'] as const
export type Aspect = (typeof ASPECTS)[number]

/** What was compared, counted as dbt has it, and every difference found. */
export interface Findings {
  counts: Record<Aspect, number>
  differences: string[]
}

export function noFindings(): Findings {
  return {
    counts: { relations: 0, columns: 0, constraints: 0, indexes: 0, comments: 0, rows: 0, results: 0 },
    differences: [],
  }
}

/** Compares two lists in which the order does not matter and an entry may stand twice. */
export function compareSets(findings: Findings, aspect: Aspect, of: string, ours: string[], dbt: string[]): void {
  findings.counts[aspect] += dbt.length
  const left = [...ours]
  for (const entry of dbt) {
    const at = left.indexOf(entry)
    if (at >= 0) left.splice(at, 1)
    else findings.differences.push(`${aspect} of ${of}: only dbt has ${entry}`)
  }
  for (const entry of left) findings.differences.push(`${aspect} of ${of}: only we have ${entry}`)
}

/** What was found after one of several builds. */
export interface PassFindings {
  pass: string
  findings: Findings
}

/** The differences of a pass, each with the pass's name before it. */
export function differencesOf({ pass, findings }: PassFindings): string[] {
  return findings.differences.map((text) => `${pass}: ${text}`)
}

/** One line of counts for each pass, and below it each pass's differences. */
export function renderFindings(passes: PassFindings[]): string {
  const header = ['pass', ...ASPECTS, 'differences']
  const lines = passes.map(({ pass, findings }) => [
    pass,
    ...ASPECTS.map((aspect) => String(findings.counts[aspect])),
    String(findings.differences.length),
  ])
  const widths = header.map((name, index) => Math.max(name.length, ...lines.map((line) => line[index]?.length ?? 0)))
  const table = [header, ...lines].map((line) => {
    return line
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
  })
  return [...table, ...passes.flatMap(differencesOf)].join('\n')
}
