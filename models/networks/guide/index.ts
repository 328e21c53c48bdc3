import type { GuideKind } from './kind.ts'
import { lora1 } from './lora1.ts'
import { tap1 } from './tap1.ts'

/** Every kind of guide by the name that its file gives. */
export const guideKinds = { lora1, tap1 } as const satisfies Record<string, GuideKind>

export type GuideKindName = keyof typeof guideKinds
