import type { Command } from 'commander'
import { bench } from './bench.ts'
import { doctor } from './doctor.ts'
import { gallery } from './gallery.ts'
import { generate } from './generate.ts'
import { importModels } from './import.ts'
import { inspect } from './inspect.ts'
import { models } from './models.ts'
import { remove } from './remove.ts'
import { serve } from './serve.ts'
import { train } from './train.ts'

/** Every command: one file and one line here. */
export const commands: readonly (() => Command)[] = [
  generate,
  inspect,
  importModels,
  models,
  remove,
  gallery,
  doctor,
  bench,
  train,
  serve,
]
