import { ddim } from './ddim.ts'
import { dpmpp2m } from './dpmpp-2m.ts'
import { dpmpp2mSde } from './dpmpp-2m-sde.ts'
import { dpmppSde } from './dpmpp-sde.ts'
import { euler } from './euler.ts'
import { eulerAncestral } from './euler-a.ts'
import { heun } from './heun.ts'
import { lcm } from './lcm.ts'
import { lms } from './lms.ts'
import { pndm } from './pndm.ts'
import type { Sampler } from './sampler.ts'
import { tcd } from './tcd.ts'
import { uniPc } from './unipc.ts'

/** Every sampler under the name that requests and the command line use. */
export const samplers = {
  euler,
  'euler-a': eulerAncestral,
  heun,
  lms,
  ddim,
  pndm,
  'dpmpp-2m': dpmpp2m,
  'dpmpp-sde': dpmppSde,
  'dpmpp-2m-sde': dpmpp2mSde,
  unipc: uniPc,
  lcm,
  tcd,
} as const satisfies Record<string, Sampler>

export type SamplerName = keyof typeof samplers
