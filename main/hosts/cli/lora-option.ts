import type { GenerateRequest } from '../../../preload/contract/generation.ts'

type Lora = NonNullable<GenerateRequest['loras']>[number]

/** `ink`, `ink:0.7`, `C:\loras\ink.safetensors:-1`, one more of what stands before. What follows the last colon has to be a number. */
export function loraOption(text: string, before: readonly Lora[] = []): Lora[] {
  const [, lora = text, strength] = /^(.+?)(?::([+-]?(?:\d+\.?\d*|\.\d+)))?$/.exec(text) ?? []
  return [...before, { lora, ...(strength !== undefined && { strength: Number(strength) }) }]
}
