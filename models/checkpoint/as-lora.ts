import { UserError } from '../errors.ts'
import type { Role } from '../networks/lora/kind.ts'
import type { TensorEntry, TensorTable } from '../tensor/entry.ts'
import { requireWeights } from './as-base.ts'
import type { ModelDescription } from './checkpoint.ts'
import { type AdapterScale, adapterScale } from './layouts/lora/adapter.ts'
import { partsOf, strangers } from './layouts/lora/endings.ts'

/** A LoRA that can be plugged into a base that it fits. */
export interface LoraCheckpoint {
  readonly path: string
  readonly entries: TensorTable
  /** The tensors of each module, under the name that the file gives it. */
  readonly modules: ReadonlyMap<string, LoraTensors>
  /** What changes without an alpha of their own are multiplied by. */
  readonly scaleOf: AdapterScale
  /** Keys that belong to no module. */
  readonly strays: readonly string[]
}

export type LoraTensors = Readonly<Partial<Record<Role, TensorEntry>>>

const most = 20_000

/**
 * The description as a LoRA to plug in.
 * @throws UserError in one sentence where it is something else, or of a kind that is not supported
 */
export function asLora(model: ModelDescription): LoraCheckpoint {
  if (model.kind === 'foreign-lora') throw new UserError(model.refusal.message, model.refusal.hint)
  if (model.kind !== 'lora')
    throw new UserError(`This is ${model.kind === 'base' ? 'a base, not' : 'not'} a LoRA.`, 'Choose a LoRA.')
  const { path, entries } = model
  const keys = [...entries.keys()]
  for (const [name, mark] of strangers) {
    const key = keys.find(each => mark.test(each))
    if (key !== undefined)
      throw new UserError(
        `This LoRA is of the kind ${name} (${key}), which is not supported.`,
        'Look for it as a plain LoRA, a LoHa or a LoKr.',
      )
  }
  if (keys.length > most) throw new UserError(`This LoRA has ${keys.length} tensors; no genuine one has as many.`)
  const modules = new Map<string, Partial<Record<Role, TensorEntry>>>()
  const strays: string[] = []
  for (const [key, entry] of entries) {
    const parts = partsOf(key)
    if (!parts) strays.push(key)
    else {
      const { module, role } = parts
      const tensors = modules.get(module) ?? {}
      if (tensors[role]) throw new UserError(`${tensors[role].key} and ${key} are the same part of a LoRA.`, anew)
      modules.set(module, { ...tensors, [role]: entry })
    }
  }
  // A tensor more in a module that is understood is a change that is not: nothing is loaded half.
  const odd = strays.find(key => modules.has(key.replace(/\.[^.]*(?:\.(?:weight|bias))?$/, '')))
  if (odd !== undefined) throw new UserError(`${odd} is a part of a LoRA that is not supported.`, anew)
  for (const { alpha: _, ...factors } of modules.values()) requireWeights({ table: new Map(Object.entries(factors)) })
  return { path, entries, modules, strays, scaleOf: adapterScale(model.metadata) }
}

const anew = 'Get the LoRA anew, or look for another version of it.'
