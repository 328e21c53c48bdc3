import type { LoraKind } from './kind.ts'
import { loha } from './loha.ts'
import { lokr } from './lokr.ts'
import { lora } from './lora.ts'

/** Every kind of change by the name that people know. */
export const loraKinds = { LoRA: lora, LoHa: loha, LoKr: lokr } as const satisfies Record<string, LoraKind>
