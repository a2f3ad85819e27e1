import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const CLI = resolve(import.meta.dirname, '../../cli/milepost.mjs')

// Tells on stderr of every module as it is loaded.
const TELL = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module'
registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context) } })
`)}`

function packagesOf(...args: string[]): string[] {
  const { stderr, status } = spawnSync(process.execPath, ['--import', TELL, CLI, ...args], { encoding: 'utf8' })
  expect(status).toBe(0)
  return [...new Set([...stderr.matchAll(/\/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/g)].map((match) => match[1] ?? ''))]
}

test.for([['--version'], ['--help'], ['build', '--help']])(
  'the command line tells of itself with no library but its parser: %s',
  (args) => {
    expect(packagesOf(...args)).toEqual(['commander'])
  },
)
