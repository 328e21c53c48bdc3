import { UserError } from '../../models/errors.ts'
import { extraNetworks } from '../../models/prompt/extra-networks.ts'
import { type GenerateRequest, mostLoras } from '../../preload/contract/generation.ts'
import type { ModelChoice } from './choice.ts'

/** A LoRA of a request, and how strong it is. */
export interface ChosenLora {
  /** Its hash is AutoV3, by which A1111 names LoRAs. */
  readonly choice: ModelChoice
  readonly strength: number
  readonly textStrength?: number
  /** Set where the prompt itself names it. */
  readonly inPrompt?: true
}

interface Find {
  /** The LoRA of an id or a path. */
  readonly byRef: (ref: string) => Promise<ModelChoice>
  /** The LoRA that a prompt calls by its name. */
  readonly byName: (name: string) => Promise<ModelChoice>
}

/** All LoRAs of a request: those that it lists, then those that its prompt names. Throws `UserError` where one is not there. */
export async function lorasOf(
  { prompt, loras = [] }: Pick<GenerateRequest, 'prompt' | 'loras'>,
  { byRef, byName }: Find,
): Promise<ChosenLora[]> {
  const named = extraNetworks(prompt).loras
  if (loras.length + named.length > mostLoras)
    throw new UserError(`A picture can have at most ${mostLoras} LoRAs.`, 'Leave some out.')
  const listed = loras.map(async ({ lora, strength = 1 }) => ({ choice: await byRef(lora), strength }))
  const tagged = named.map(async ({ name, ...own }) => ({
    choice: await byName(name),
    ...own,
    inPrompt: true as const,
  }))
  return Promise.all([...listed, ...tagged])
}

/** The LoRAs of a request as the engine takes them. */
export const engineLoras = (loras: readonly ChosenLora[]) =>
  loras.map(({ choice, strength, textStrength }) => ({ path: choice.path, strength, textStrength }))

/** The LoRAs of a request as a picture names them; a hash that cannot be had is left out. */
export const recordedLoras = (loras: readonly ChosenLora[]) =>
  Promise.all(
    loras.map(async ({ choice: { name, hash }, strength, textStrength, inPrompt }) => {
      const autoV3 = await hash().catch(() => undefined)
      return {
        name,
        ...(autoV3 !== undefined && { hash: autoV3 }),
        strength,
        ...(textStrength !== undefined && { textStrength }),
        ...(inPrompt && { inPrompt }),
      }
    }),
  )
