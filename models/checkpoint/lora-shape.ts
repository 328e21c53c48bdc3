import type { Role } from '../networks/lora/kind.ts'
import { isFloat } from '../tensor/dtype.ts'
import type { TensorEntry, TensorTable } from '../tensor/entry.ts'
import { readTensor } from '../tensor/safetensors/read.ts'
import { elements } from '../tensor/tensor.ts'
import { partsOf } from './layouts/lora/endings.ts'

/** What a LoRA's file says of its own build: nothing of what it fits. */
export interface LoraShape {
  /** Layers that it changes. */
  readonly modules: number
  /** Every rank that occurs, rising; none where the layers are changed in whole (LoKr). */
  readonly ranks: readonly number[]
  /** Every alpha that occurs, rising; none where the file has none: alpha is the rank then. */
  readonly alphas: readonly number[]
  /** Its layers by the network that they belong to. */
  readonly targets: Readonly<Record<string, LoraTargets>>
}

interface LoraTargets {
  readonly linear: number
  readonly convolution: number
}

/** The factors whose first axis is the rank: of LoRA's two the one that goes down, of LoHa's and LoKr's the second halves. */
const rankHolders: ReadonlySet<Role> = new Set<Role>(['down', 'hada_w1_b', 'hada_w2_b', 'lokr_w1_b', 'lokr_w2_b'])

const networks: readonly (readonly [name: string, mark: RegExp])[] = [
  ['text_encoder_2', /^(?:lora_te2_|(?:base_model\.model\.)?text_encoder_2\.)/],
  ['text_encoder', /^(?:lora_te1?_|(?:base_model\.model\.)?text_encoder\.)/],
]

/** Ranks, alphas and targets of a LoRA of any dialect. Of the weights only the alphas are read, one number each. */
export async function loraShape(entries: TensorTable): Promise<LoraShape> {
  const parts = [...entries.values()].flatMap(entry => {
    const part = partsOf(entry.key)
    return part ? [{ entry, ...part }] : []
  })
  const modules = Map.groupBy(parts, ({ module }) => module)
  const ranks = new Set<number>()
  const alphas = new Set<number>()
  const targets: Record<string, { linear: number; convolution: number }> = {}
  for (const [module, tensors] of modules) {
    const network = networks.find(([, mark]) => mark.test(module))?.[0] ?? 'unet'
    targets[network] ??= { linear: 0, convolution: 0 }
    targets[network][tensors.some(({ entry }) => isConvolution(entry)) ? 'convolution' : 'linear']++
    for (const { entry, role } of tensors) {
      const [rank] = entry.shape
      if (rankHolders.has(role) && rank !== undefined) ranks.add(rank)
      const alpha = role === 'alpha' ? await scalar(entry) : undefined
      if (alpha !== undefined) alphas.add(alpha)
    }
  }
  const rising = (numbers: ReadonlySet<number>) => [...numbers].toSorted((a, b) => a - b)
  return { modules: modules.size, ranks: rising(ranks), alphas: rising(alphas), targets }
}

const isConvolution = ({ shape: [, , height = 1, width = 1] }: TensorEntry): boolean => height * width > 1

async function scalar(entry: TensorEntry): Promise<number | undefined> {
  if (elements(entry.shape) !== 1 || !isFloat(entry.dtype)) return undefined
  const [value] = (await readTensor(entry)).data
  return Number.isFinite(Number(value)) ? Number(value) : undefined
}
