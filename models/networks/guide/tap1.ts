import { add } from '../../graph/ops/add.ts'
import { concat } from '../../graph/ops/concat.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { split } from '../../graph/ops/slice.ts'
import type { Value } from '../../graph/value.ts'
import type { Shape } from '../../tensor/tensor.ts'
import { convLayer, groupNormLayer, linearLayer, silu } from '../layers.ts'
import type { Parameters } from '../parameters.ts'
import { conditioning, conditioningShapes, plus, strength, textWidth } from './conditioning.ts'
import { type GuideConfig, type GuideKind, largest } from './kind.ts'

const groups = 4
const latentChannels = 4

/** Number of sites: one more than the base has levels. */
function siteCount({ shapes }: GuideConfig): number {
  let count = 0
  while (shapes.has(`i.${count}.weight`)) count++
  return count
}

/** The feature map of a site: after the middle block, and after each block of the way up. */
const placeOf = (site: number): string => (site === 0 ? 'mid_block' : `up_blocks.${site - 1}`)

/** The last two sites have the latent's size, and see it. */
const seesLatent = (site: number, sites: number): boolean => site >= sites - 2

/**
 * A bottleneck on the base's own decoder features: at each site the feature map is narrowed, scaled and shifted by
 * what the guide is told, worked on by 3x3 convolutions, and its widened result added.
 */
export const tap1: GuideKind = {
  /** Each site is as wide as a share of the channels that it sees, those of equal channels one after another. */
  design({ blockOutChannels, crossAttentionDim }, _layers, most) {
    const deepestFirst = blockOutChannels.toReversed()
    const sites = [deepestFirst[0] as number, ...deepestFirst]
    const build = (step: number): GuideConfig => {
      const size = (7 + step) / 8
      const told = Math.ceil((Math.max(...blockOutChannels) * size) / 48)
      const shapes = new Map(conditioningShapes(crossAttentionDim, told))
      for (const [site, channels] of sites.entries()) {
        const width = groups * Math.max(Math.ceil((channels * size) / 64 / groups - site / sites.length), 1)
        const seen = seesLatent(site, sites.length) ? channels + latentChannels : channels
        const layers: [string, Shape][] = [
          [`i.${site}`, [width, seen, 1, 1]],
          [`n.${site}`, [width]],
          [`f.${site}`, [2 * width, told]],
          [`m.${site}.0`, [width, width, 3, 3]],
          [`o.${site}`, [channels, width, 1, 1]],
        ]
        for (const [name, shape] of layers) {
          shapes.set(`${name}.weight`, shape)
          shapes.set(`${name}.bias`, [shape[0] as number])
        }
      }
      return { shapes, modules: [] }
    }
    return largest(build, most)
  },
  isLast: name => /^o\./.test(name),
  fitting(config) {
    const sites = siteCount(config)
    // After the block N of the way up come the channels of the level before its last but N.
    const channels = Array.from({ length: Math.max(sites - 1, 0) }, (_, level) => {
      const site = sites - 1 - level
      const seen = config.shapes.get(`i.${site}.weight`)?.[1] ?? 0
      return seesLatent(site, sites) ? seen - latentChannels : seen
    })
    return { crossAttentionDim: textWidth(config), blockOutChannels: channels, inChannels: latentChannels }
  },
  inject(config, p, inputs) {
    const sites = siteCount(config)
    const told = conditioning(config, p, inputs)
    const k = reshape(strength(inputs.guidance), [0, 1, 1, 1])
    const siteAt = new Map(Array.from({ length: sites }, (_, site) => [placeOf(site), site]))
    return (place, value) => {
      const site = siteAt.get(place)
      if (site === undefined) return value
      const seen = seesLatent(site, sites) ? concat([value, inputs.sample], 1) : value
      return add(value, mul(k, change(config, p, { site, seen, told, out: value.shape[1] as number })))
    }
  },
}

interface Site {
  readonly site: number
  readonly seen: Value
  readonly told: Value
  readonly out: number
}

/** What a site adds where k is 1: [n, out, h, w]. */
function change({ shapes }: GuideConfig, p: Parameters, { site, seen, told, out }: Site): Value {
  const width = shapes.get(`i.${site}.weight`)?.[0] ?? 0
  const narrow = groupNormLayer(p, `n.${site}`, convLayer(p, `i.${site}`, seen, width, { kernel: 1 }), groups, 1e-5)
  const film = reshape(linearLayer(p, `f.${site}`, told, 2 * width), [0, 2 * width, 1, 1])
  const [scale, shift] = split(film, 1, 2) as [Value, Value]
  let x = silu(add(mul(narrow, plus(scale, 1)), shift))
  for (let i = 0; shapes.has(`m.${site}.${i}.weight`); i++) x = add(x, silu(convLayer(p, `m.${site}.${i}`, x, width)))
  return convLayer(p, `o.${site}`, x, out, { kernel: 1 })
}
