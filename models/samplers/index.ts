import { ddim } from './ddim.ts'
import { dpmpp2m } from './dpmpp-2m.ts'
import { euler } from './euler.ts'
import { eulerAncestral } from './euler-a.ts'
import type { Sampler } from './sampler.ts'

/** Every sampler under the name that requests and the command line use. */
export const samplers = {
  euler,
  'euler-a': eulerAncestral,
  ddim,
  'dpmpp-2m': dpmpp2m,
} as const satisfies Record<string, Sampler>

export type SamplerName = keyof typeof samplers
