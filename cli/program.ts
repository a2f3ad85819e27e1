import { Command } from 'commander'
import settings from '../package.json' with { type: 'json' }
import { addBackfillCommand } from './backfill.ts'
import { addBuildCommand } from './build.ts'
import { addDbCommand } from './db.ts'
import { addDeliverCommand } from './deliver.ts'
import { addDoctorCommand } from './doctor.ts'
import { addGenerateCommand } from './generate.ts'
import { addMigrateCommand } from './migrate.ts'
import { addModelsCommand } from './models.ts'
import { addQuarantineCommand } from './quarantine.ts'
import { addRunCommand } from './run.ts'
import { addSandboxCommand } from './sandbox.ts'
import { addSqlCommand } from './sql.ts'
import { addStateCommand } from './state.ts'
import { addStatusCommand } from './status.ts'
import { addSyncCommand } from './sync.ts'
import { addWorkCommand } from './work.ts'

/** The command line: every command with its options and help. */
export function createProgram(): Command {
  const program = new Command('milepost')
    .description('A fleet data pipeline on Postgres: extract, land, transform, model, deliver.')
    .version(settings.version)
    .showHelpAfterError('(--help shows how)')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', '\nExit codes: 0 ok, 1 error, 2 usage, 3 partly done, 4 busy, 5 unhealthy, 130 interrupted.')

  addRunCommand(program)
  addWorkCommand(program)
  addBackfillCommand(program)
  addBuildCommand(program)
  addModelsCommand(program)
  addDeliverCommand(program)
  addSyncCommand(program)
  addSqlCommand(program)
  addStatusCommand(program)
  addQuarantineCommand(program)
  addStateCommand(program)
  addSandboxCommand(program)
  addMigrateCommand(program)
  addDoctorCommand(program)
  addDbCommand(program)
  addGenerateCommand(program)
  return program
}
