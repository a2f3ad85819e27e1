#!/usr/bin/env node
import { CommanderError } from 'commander'
import { EXIT, reportError } from './exit.ts'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  else process.exitCode = reportError(error)
}
