import { cfg } from './cfg.ts'
import type { GuidanceMethod } from './method.ts'
import { none } from './none.ts'

/** Every guidance method by the name that the command line and the picture's text give it. */
export const methods = { cfg, none } as const satisfies Record<string, GuidanceMethod>

export type MethodName = keyof typeof methods
