#!/usr/bin/env node
import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'

// Compiled modules are kept beside the packages, under the same trust: in the shared folder for temporary files, another
// user could plant code. Only for the owner of that folder, who could not delete what root leaves there.
const packages = resolve(import.meta.dirname, '../node_modules')
const owner = statSync(packages, { throwIfNoEntry: false })?.uid
if (owner !== undefined && owner === (process.getuid?.() ?? owner))
  enableCompileCache(resolve(packages, '.cache/milepost'))

// On a machine with much memory V8 lets garbage pile up: an hour of 10,000 vehicles took 540 MB. With little room for
// young objects and a collection each time the heap has grown by a third it takes 380, and a tenth more time.
setFlagsFromString('--max-semi-space-size=8')
setFlagsFromString('--heap-growing-percent=30')

// Not imported above, where it would be compiled before the cache is there. This file is JavaScript because Node loads
// its TypeScript compiler, a third of the start-up time, for a first file that needs it, and not for cached ones.
await import('./main.ts')
