import type { Command } from 'commander'
import { doctor } from './doctor.ts'
import { generate } from './generate.ts'
import { inspect } from './inspect.ts'

/** Every command: one file and one line here. */
export const commands: readonly (() => Command)[] = [generate, inspect, doctor]
