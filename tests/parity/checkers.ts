import * as badFiles from './bad-files.ts'
import * as family from './family.ts'
import * as gradients from './gradients.ts'
import * as lora from './lora.ts'
import * as networks from './networks.ts'
import * as pipelines from './pipelines.ts'
import * as prompts from './prompts.ts'
import { tryToPaint } from './refuse.ts'
import type { ParityResult } from './result.ts'
import * as rng from './rng.ts'
import * as schedulers from './schedulers.ts'

type Check = (folder: string, find: pipelines.FindCase) => Promise<ParityResult[]>

/** What checks a case, by the `maker` (or else the name) that its case.json states. */
export const checkers: Readonly<Partial<Record<string, Check>>> = {
  model: networks.check,
  lora: lora.check,
  pipelines: pipelines.check,
  schedulers: schedulers.check,
  rng: rng.check,
  prompts: prompts.check,
  'bad-files': folder => badFiles.check(folder, tryToPaint),
  family: family.check,
  gradients: gradients.check,
}
