import { sha256 } from '../../core/json.ts'

/** Raised whenever the same payloads give other rows, so that a deployment makes all of them again. */
export const TRANSFORM_VERSION = 1

/** Names the rules that rows were made by: this version and the settings that have a say in them. */
export function transformFingerprint(settings: unknown): string {
  return sha256(JSON.stringify([TRANSFORM_VERSION, settings])).slice(0, 16)
}
