import { agd } from './agd.ts'
import { dice } from './dice.ts'
import { encoder } from './encoder.ts'
import type { GuideKind } from './kind.ts'
import { lora1 } from './lora1.ts'
import { loratap } from './loratap.ts'
import { tap1 } from './tap1.ts'

/** Every kind of guide by the name that its file gives. */
export const guideKinds = { lora1, tap1, loratap, encoder, agd, dice } as const satisfies Record<string, GuideKind>

export type GuideKindName = keyof typeof guideKinds

export const guideKindNames = Object.keys(guideKinds) as [GuideKindName, ...GuideKindName[]]
