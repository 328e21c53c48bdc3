import { asBase } from '../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint } from '../../models/checkpoint/checkpoint.ts'
import { unetConfig } from '../../models/checkpoint/config/unet.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { guideMetadata } from '../../models/checkpoint/guide-metadata.ts'
import { examinePass } from '../../models/pipelines/pairing.ts'
import { Generator } from '../../models/tensor/random.ts'
import { writeTensors } from '../../models/tensor/safetensors/write.ts'
import { elements, f32, type Shape, type Tensor } from '../../models/tensor/tensor.ts'

type Shapes = Record<string, Shape>

/** The shapes of a guide's own text, and how wide what it tells is. */
function conditioning(base: BaseCheckpoint): { shapes: Shapes; told: number } {
  const { blockOutChannels, crossAttentionDim } = unetConfig(base.unet)
  const told = Math.round(Math.max(...blockOutChannels) / 5 / 16) * 16
  const shapes = {
    'cond.mlp.0.weight': [told, 36 + 2 * crossAttentionDim],
    'cond.mlp.0.bias': [told],
    'cond.mlp.2.weight': [told, told],
    'cond.mlp.2.bias': [told],
  }
  return { shapes, told }
}

function tap1(base: BaseCheckpoint): { shapes: Shapes; modules: string[] } {
  const { shapes, told } = conditioning(base)
  const deepestFirst = unetConfig(base.unet).blockOutChannels.toReversed()
  const sites = [deepestFirst[0] as number, ...deepestFirst]
  for (const [site, channels] of sites.entries()) {
    const width = Math.max(4, Math.round((channels * 0.3) / 16) * 16)
    Object.assign(shapes, {
      [`i.${site}.weight`]: [width, channels + (site >= sites.length - 2 ? 4 : 0), 1, 1],
      [`i.${site}.bias`]: [width],
      [`n.${site}.weight`]: [width],
      [`n.${site}.bias`]: [width],
      [`f.${site}.weight`]: [2 * width, told],
      [`f.${site}.bias`]: [2 * width],
      [`m.${site}.0.weight`]: [width, width, 3, 3],
      [`m.${site}.0.bias`]: [width],
      [`o.${site}.weight`]: [channels, width, 1, 1],
      [`o.${site}.bias`]: [channels],
    })
  }
  return { shapes, modules: [] }
}

/** Every layer of the way up, as the demo guide has it. */
function lora1(base: BaseCheckpoint): { shapes: Shapes; modules: string[] } {
  const { shapes, told } = conditioning(base)
  const modules: string[] = []
  examinePass(base, () => (place, value, layer) => {
    if (!layer || !/^up_blocks\./.test(place)) return value
    const isPicture = value.shape.length === 4
    const at = isPicture ? 1 : value.shape.length - 1
    const rest = isPicture ? [1, 1] : []
    const number = modules.push(place) - 1
    const rank = isPicture ? 24 : 16
    Object.assign(shapes, {
      [`A.${number}.weight`]: [rank, layer.from.shape[at], ...rest],
      [`B.${number}.weight`]: [value.shape[at], rank, ...rest],
      [`G.${number}.weight`]: [rank, told],
      [`G.${number}.bias`]: [rank],
    })
    return value
  })
  return { shapes, modules }
}

/**
 * Writes a guide for a base, with random weights and about one per cent of its parameters: for measurements of speed.
 */
export async function writeRandomGuide(path: string, base: string, kind: 'lora1' | 'tap1'): Promise<void> {
  const described = asBase(await describeModel(base))
  const { shapes, modules } = { lora1, tap1 }[kind](described)
  const generator = new Generator(0)
  const tensors = new Map<string, Tensor>()
  for (const [name, shape] of Object.entries(shapes)) {
    const scale = 0.3 / Math.sqrt(elements(shape.slice(1)))
    const values = generator.normals(Math.max(16, elements(shape))).subarray(0, elements(shape))
    tensors.set(
      name,
      f32(
        values.map(value => value * scale),
        shape,
      ),
    )
  }
  const { architecture, prediction } = described
  const facts = { base: { architecture, predictionType: prediction.value }, guidance: [1, 9] as const }
  await writeTensors(path, tensors, guideMetadata({ kind, modules, facts }, {}))
}

const [, script, path, base, kind = 'lora1'] = process.argv
if (script === import.meta.filename) {
  if (!path || !base || (kind !== 'lora1' && kind !== 'tap1'))
    throw new Error('usage: node tests/bench/random-guide.ts FILE.safetensors BASE [lora1|tap1]')
  await writeRandomGuide(path, base, kind)
}
