import { add } from '../../graph/ops/add.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { split } from '../../graph/ops/slice.ts'
import type { Value } from '../../graph/value.ts'
import type { Shape } from '../../tensor/tensor.ts'
import { convLayer, groupNormLayer, linearLayer, silu } from '../layers.ts'
import type { Parameters } from '../parameters.ts'
import { conditioning, conditioningShapes, plus, strength, textWidth } from './conditioning.ts'
import { type GuideConfig, type GuideInputs, type GuideKind, largest, withBiases } from './kind.ts'

const groups = 4

/**
 * The shape of the paper (Hsiao et al., Plug-and-Play Diffusion Distillation, CVPR 2024): a light encoder of its own
 * sees the noisy latent and what the guide is told, and its feature maps are added by 1x1 convolutions to the middle
 * block and to each block of the way up. It sees none of the base's features.
 */
export const encoder: GuideKind = {
  /** Each level is as wide as a share of the base's channels. */
  design({ blockOutChannels, crossAttentionDim, outChannels }, _layers, most) {
    const build = (size: number): GuideConfig => {
      const share = size / 128
      const told = groups * Math.ceil((Math.max(...blockOutChannels) * share) / groups)
      const widths = blockOutChannels.map(channels => groups * Math.ceil((channels * share) / groups))
      const layers: [string, Shape][] = widths.flatMap((width, level) => [
        [`i.${level}`, [width, level === 0 ? outChannels : (widths[level - 1] as number), 3, 3]],
        [`n.${level}`, [width]],
        [`f.${level}`, [2 * width, told]],
        [`m.${level}`, [width, width, 3, 3]],
      ])
      for (let site = 0; site <= widths.length; site++) {
        const { from, to } = levelsOf(site, widths.length)
        layers.push([`o.${site}`, [blockOutChannels[to] as number, widths[from] as number, 1, 1]])
      }
      return { shapes: new Map([...conditioningShapes(crossAttentionDim, told), ...withBiases(layers)]), modules: [] }
    }
    return largest(build, most)
  },
  isLast: name => /^o[.]/.test(name),
  fitting(config) {
    const levels = levelCount(config)
    const channels = (level: number) => config.shapes.get(`o.${levels - level}.weight`)?.[0] ?? 0
    return {
      crossAttentionDim: textWidth(config),
      ...(levels > 0 && { blockOutChannels: Array.from({ length: levels }, (_, level) => channels(level)) }),
    }
  },
  inject(config, p, inputs) {
    const levels = levelCount(config)
    const features = encoded(config, p, inputs)
    const k = reshape(strength(inputs.guidance), [0, 1, 1, 1])
    const sites = Array.from({ length: levels + 1 }, (_, site): [string, number] => [placeOf(site), site])
    const siteAt = new Map(levels > 0 ? sites : [])
    return (place, value) => {
      const site = siteAt.get(place)
      if (site === undefined) return value
      const own = features[levelsOf(site, levels).from] as Value
      return add(value, mul(k, convLayer(p, `o.${site}`, own, value.shape[1] as number, { kernel: 1 })))
    }
  },
}

/** The feature map of a site: after the middle block, and after each block of the way up. */
const placeOf = (site: number): string => (site === 0 ? 'mid_block' : `up_blocks.${site - 1}`)

/** The level that a site's channels are those of, and the one of its size: a block of the way up ends with the next one's. */
const levelsOf = (site: number, levels: number): { to: number; from: number } => ({
  to: Math.min(levels - site, levels - 1),
  from: Math.max(levels - 1 - site, 0),
})

function levelCount({ shapes }: GuideConfig): number {
  let count = 0
  while (shapes.has(`i.${count}.weight`)) count++
  return count
}

/** The encoder's feature maps, the finest first; each has the size of the base's level. */
function encoded(config: GuideConfig, p: Parameters, inputs: GuideInputs): Value[] {
  const told = conditioning(config, p, inputs)
  const features: Value[] = []
  let x = inputs.sample
  for (let level = 0; level < levelCount(config); level++) {
    const width = config.shapes.get(`i.${level}.weight`)?.[0] ?? 0
    x = convLayer(p, `i.${level}`, x, width, { stride: level === 0 ? 1 : 2 })
    const film = reshape(linearLayer(p, `f.${level}`, told, 2 * width), [0, 2 * width, 1, 1])
    const [scale, shift] = split(film, 1, 2) as [Value, Value]
    const normal = groupNormLayer(p, `n.${level}`, x, groups, 1e-5)
    x = add(x, silu(convLayer(p, `m.${level}`, silu(add(mul(normal, plus(scale, 1)), shift)), width)))
    features.push(x)
  }
  return features
}
