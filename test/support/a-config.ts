import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type Config } from '../../core/config.ts'

/** The configuration of a milepost.yaml with these settings. */
export function aConfig(settings: object, environment: Record<string, string> = {}): Config {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-config-'))
  try {
    // JSON is YAML too.
    writeFileSync(join(folder, 'milepost.yaml'), JSON.stringify(settings))
    return loadConfig(folder, environment)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
