import { adaptive } from './adaptive.ts'
import { cfg } from './cfg.ts'
import { guide } from './guide.ts'
import { interval } from './interval.ts'
import type { ChosenOptions, GuidanceMethod, MethodOptions } from './method.ts'
import { none } from './none.ts'
import { reuse } from './reuse.ts'

/** Every guidance method by the name that the command line and the picture's text give it. */
export const methods = { guide, cfg, none, interval, adaptive, reuse } as const satisfies Record<string, GuidanceMethod>

export type MethodName = keyof typeof methods

/** What a method heeds, as far as it was chosen. */
interface Chosen extends ChosenOptions {
  readonly method: MethodName
}

const usual = { refresh: 0, interval: [0.28, 5.42], agreement: 0.99, rescale: 0 } as const satisfies MethodOptions

/** The options that a method heeds, each with what was chosen or is usual; those of other methods are left out. */
export function optionsOf({ method, refresh, interval, agreement, rescale }: Chosen): Partial<MethodOptions> {
  const scaled = rescale ? { rescale } : {}
  switch (method) {
    case 'guide':
      return refresh ? { refresh, ...scaled } : {}
    case 'cfg':
      return scaled
    case 'reuse':
      return { refresh: refresh ?? 2, ...scaled }
    case 'interval':
      return { interval: interval ?? usual.interval, ...scaled }
    case 'adaptive':
      return { agreement: agreement ?? usual.agreement, ...scaled }
    case 'none':
      return {}
  }
}

/** A method for one picture. */
export const methodOf = (chosen: Chosen): ReturnType<GuidanceMethod> =>
  methods[chosen.method]({ ...usual, ...optionsOf(chosen) })
