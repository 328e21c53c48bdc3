#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import packageFile from '../../../package.json' with { type: 'json' }
import { commands } from './commands/index.ts'
import { exitCode } from './run.ts'

// Most of the time of a short command goes into reading its own code. Where the folder cannot be written, it takes as long as ever.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/cicerone-code'))

const program = new Command('cicerone')
  .description(packageFile.description)
  .version(packageFile.version)
  .showHelpAfterError('(cicerone --help tells more)')
// Anything but a command's own name, a call for help most of all, wants to know them all.
const [called = ''] = process.argv.slice(2)
const asked = Object.hasOwn(commands, called) ? [called] : Object.keys(commands)
for (const name of asked) {
  const command = await commands[name]?.()
  if (command) program.addCommand(command)
}
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
