import { PipelineError } from '../core/errors.ts'
import type { Settings } from './settings-yaml.ts'

/** A stand-in that listens, and what a reader of it has to be told. */
export interface ServedVendor {
  /** Its part of a milepost.yaml. */
  config: { [section: string]: Settings }
  /** The secrets that its part names, for the environment. */
  environment: Record<string, string>
  /** Where it listens, and where its fault switches are. */
  facts: { url: string; faults_url: string } & Record<string, string>
  close: () => Promise<void>
}

/** Starts a server on a port that an option names. Throws SANDBOX_PORT when it cannot be had. */
export async function onPort<Server>(option: string, port: number, start: () => Promise<Server>): Promise<Server> {
  try {
    return await start()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is in use'
    const message = `Port ${port} ${why}. Give another with ${option} (0 takes a free one).`
    throw new PipelineError('SANDBOX_PORT', message, 'never', { cause: error })
  }
}
