import { z } from 'zod'
import { PipelineError } from '../../core/errors.ts'
import { OPERATIONS, type Fault } from './fault.ts'

const whole = (least: number, most: number) =>
  z
    .int({ error: `expected a whole number from ${least} to ${most}` })
    .min(least)
    .max(most)

const times = { times: whole(1, 1_000_000).optional(), after: whole(0, 1_000_000).optional() }
const scope = {
  ...times,
  operation: z.enum(OPERATIONS, { error: `expected one of ${OPERATIONS.join(', ')}` }).optional(),
  path: z.string().min(1).optional(),
}

const LARGEST = 4 * 1024 ** 3

// The shapes of `Fault`; faults of a connection know no operation and no path.
const KINDS: Record<Fault['fault'], z.ZodRawShape> = {
  diskFull: { afterBytes: whole(0, LARGEST), ...scope },
  denied: scope,
  directoryMissing: scope,
  readOnly: scope,
  failure: scope,
  hang: scope,
  loseReply: scope,
  slow: { ms: whole(0, 3_600_000), ...scope },
  wrongSize: { by: whole(-LARGEST, LARGEST), ...scope },
  corrupt: scope,
  refuseAuth: times,
  cut: { packets: whole(1, 1_000_000), ...times },
  mute: times,
}

/** Checks a fault switch. Throws PipelineError SANDBOX_FAULT_INVALID that names every part that is wrong. */
export function parseFault(value: unknown): Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(['a fault is an object such as {"fault": "slow", "ms": 500}'])
  }
  const given = 'fault' in value ? value.fault : null
  const known = Object.entries(KINDS).find(([kind]) => kind === given)
  if (known === undefined) {
    throw invalid([`no fault is called ${JSON.stringify(given)}; there are ${Object.keys(KINDS).join(', ')}`])
  }
  const [kind, shape] = known
  const parsed = z.strictObject({ fault: z.literal(kind), ...shape }).safeParse(value)
  if (parsed.success) return value as Fault
  throw invalid(
    parsed.error.issues.map((issue) =>
      issue.code === 'unrecognized_keys'
        ? `${kind} has no ${issue.keys.join(', ')}; it has ${Object.keys(shape).join(', ')}`
        : `${kind}.${issue.path.join('.')}: ${issue.message}`,
    ),
  )
}

function invalid(problems: string[]): PipelineError {
  return new PipelineError('SANDBOX_FAULT_INVALID', `The fault was not set: ${problems.join('; ')}.`, 'never')
}
