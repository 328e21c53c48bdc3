import { asBase } from '../../models/checkpoint/as-base.ts'
import { unetConfig } from '../../models/checkpoint/config/unet.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { guideMetadata } from '../../models/checkpoint/guide-metadata.ts'
import { Generator } from '../../models/tensor/random.ts'
import { writeTensors } from '../../models/tensor/safetensors/write.ts'
import { elements, f32, type Shape, type Tensor } from '../../models/tensor/tensor.ts'

/**
 * Writes a guide of the kind tap1 for a base, with random weights and about one per cent of its parameters: for
 * measurements of speed.
 */
export async function writeRandomGuide(path: string, base: string): Promise<void> {
  const described = asBase(await describeModel(base))
  const { blockOutChannels, crossAttentionDim } = unetConfig(described.unet)
  const deepestFirst = blockOutChannels.toReversed()
  const told = Math.round(Math.max(...blockOutChannels) / 5 / 16) * 16
  const shapes: Record<string, Shape> = {
    'cond.mlp.0.weight': [told, 36 + 2 * crossAttentionDim],
    'cond.mlp.0.bias': [told],
    'cond.mlp.2.weight': [told, told],
    'cond.mlp.2.bias': [told],
  }
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
  await writeTensors(path, tensors, guideMetadata({ kind: 'tap1', modules: [], facts }, {}))
}

const [, script, path, base] = process.argv
if (script === import.meta.filename) {
  if (!path || !base) throw new Error('usage: node tests/bench/random-guide.ts FILE.safetensors BASE')
  await writeRandomGuide(path, base)
}
