#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import packageFile from '../../../package.json' with { type: 'json' }
import { commands } from './commands/index.ts'
import { exitCode } from './run.ts'

const program = new Command('cicerone')
  .description(packageFile.description)
  .version(packageFile.version)
  .showHelpAfterError('(cicerone --help tells more)')
for (const command of commands) program.addCommand(command())
// Set on each command too: commander does not hand the setting down.
for (const command of [program, ...program.commands]) command.exitOverride()

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.usage
  if (process.argv.includes('--json') && error.exitCode !== 0)
    console.log(JSON.stringify({ error: error.message.replace(/^error: /, ''), hint: 'cicerone --help tells more' }))
}
