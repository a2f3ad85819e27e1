import { CommanderError } from 'commander'
import { EXIT, reportError } from './exit.ts'
import { createProgram } from './program.ts'

// A reader that has seen enough (`milepost sql … | head`) closes the pipe; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  else process.exitCode = reportError(error)
}
