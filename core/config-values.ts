import { z } from 'zod'

/** A value kept outside the file: the name of an environment variable, or the path of a file that holds it. */
export const secretReference = z.union(
  [z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })],
  {
    error: 'a secret is never written here: use {env: NAME} or {file: PATH}',
  },
)
export type SecretReference = z.infer<typeof secretReference>

/** How a source's requests are tried again within one call. */
export const retry = z
  .strictObject({
    attempts: z.int().min(1).max(20).default(5),
    base_ms: z.int().min(1).default(1000),
    max_ms: z.int().min(1).max(3_600_000).default(300_000),
  })
  .prefault({})
