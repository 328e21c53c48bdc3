import type { KeyPair } from '../../models/checkpoint/key-map.ts'
import { projectedOpenClip } from '../../models/checkpoint/layouts/ldm/open-clip.ts'
import { textPairs } from '../../models/checkpoint/layouts/ldm/text.ts'
import { unetPairs, unetPrefix } from '../../models/checkpoint/layouts/ldm/unet.ts'
import { vaePairs, vaePrefix } from '../../models/checkpoint/layouts/ldm/vae.ts'
import { input, type Value } from '../../models/graph/value.ts'
import type { Parameters } from '../../models/networks/parameters.ts'
import { clipText } from '../../models/networks/text/clip.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import { decode } from '../../models/networks/vae/decode.ts'
import { encode } from '../../models/networks/vae/encode.ts'
import type { Shape } from '../../models/tensor/tensor.ts'
import { type Headers, writeHollow } from '../models/checkpoint/synthetic.ts'

/** Stable Diffusion XL 1.0 as its files have it. */
const sdxl = {
  unet: {
    ...{ inChannels: 4, outChannels: 4, blockOutChannels: [320, 640, 1280], layersPerBlock: 2 },
    ...{ transformerLayers: [0, 2, 10], midTransformerLayers: 10, heads: [5, 10, 20], crossAttentionDim: 2048 },
    ...{ linearProjection: true, additionInputs: 2816, normGroups: 32, normEps: 1e-5 },
  },
  vae: {
    ...{ inChannels: 3, outChannels: 3, latentChannels: 4, blockOutChannels: [128, 256, 512, 512], layersPerBlock: 2 },
    ...{ normGroups: 32, scalingFactor: 0.13025, shiftFactor: 0, useQuantConv: true, usePostQuantConv: true },
    ...{ midBlockAttention: true, patchSize: 1 },
  },
  texts: [
    {
      ...{ vocabSize: 49_408, hiddenSize: 768, intermediateSize: 3072, layers: 12, heads: 12, positions: 77 },
      activation: 'quick_gelu',
      normEps: 1e-5,
    },
    {
      ...{ vocabSize: 49_408, hiddenSize: 1280, intermediateSize: 5120, layers: 32, heads: 20, positions: 77 },
      activation: 'gelu',
      ...{ normEps: 1e-5, projection: 1280 },
    },
  ],
} as const

/** Writes the header of a single file of SDXL (f16) over a hole: 6.9 GB that take no room. */
export async function writeHollowSdxl(path: string, metadata?: Record<string, string>): Promise<string> {
  const tensors: Record<string, readonly [string, Shape]> = {}
  /** Thirds of one tensor are asked for apart, and lie together. */
  const ask = (prefix: string, pairs: readonly KeyPair[]): Parameters => {
    const stored = new Map(pairs.map(([file, name, how]) => [name, { key: prefix + file, how }]))
    return (name, shape) => {
      const { key, how } = stored.get(name) ?? { key: name, how: undefined }
      const [rows = 0, ...rest] = how === 'transposed' ? shape.toReversed() : shape
      tensors[key] = ['F16', typeof how === 'object' ? [rows * 3, ...rest] : [rows, ...rest]]
      return f32(name, shape)
    }
  }
  const ids = input('ids', { shape: [1, 77], dtype: 'i64' })
  const [clip, openClip] = sdxl.texts
  const named = (count: number, name: (i: number) => string) => Array.from({ length: count }, (_, i) => name(i))
  const clipNames = named(clip.layers, i => `text_model.encoder.layers.${i}.x`)
  const openNames = named(openClip.layers, i => `transformer.resblocks.${i}.x`)
  clipText(clip, ask('conditioner.embedders.0.transformer.', textPairs(clipNames)), ids).normed(1)
  const second = clipText(openClip, ask('conditioner.embedders.1.model.', projectedOpenClip('').pairs(openNames)), ids)
  second.normed(1)
  second.pooled(input('ends', { shape: [1], dtype: 'i64' }))
  const sample = f32('sample', [1, 4, 8, 8])
  unet(sdxl.unet, ask(unetPrefix, unetPairs({ levels: 3, ...sdxl.unet })), {
    sample,
    timestep: f32('timestep', [1]),
    context: f32('context', [1, 77, 2048]),
    added: { textEmbeds: f32('text_embeds', [1, 1280]), timeIds: f32('time_ids', [1, 6]) },
  })
  const vae = ask(vaePrefix, vaePairs({ levels: 4, layersPerBlock: 2 }))
  encode(sdxl.vae, vae, f32('picture', [1, 3, 64, 64]))
  decode(sdxl.vae, vae, sample)
  return writeHollow(path, tensors as Headers, metadata)
}

const f32 = (name: string, shape: Shape): Value => input(name, { shape, dtype: 'f32' })
