import type { Config } from '../core/config.ts'

/**
 * Whether this configuration is worked with the built-in stand-ins: only when it names no vendor at all. What is made up
 * must not land beside what is real, nor a real report be taken for sent because a stand-in took it.
 */
export function usesStandIns({ fullbay, geotab, chevin }: Config): boolean {
  return fullbay.shops.length === 0 && geotab.databases.length === 0 && chevin.sftp === null
}
