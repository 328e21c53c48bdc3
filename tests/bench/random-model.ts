import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { KeyPair } from '../../models/checkpoint/key-map.ts'
import { projectedOpenClip } from '../../models/checkpoint/layouts/ldm/open-clip.ts'
import { textPairs } from '../../models/checkpoint/layouts/ldm/text.ts'
import { unetPairs, unetPrefix } from '../../models/checkpoint/layouts/ldm/unet.ts'
import { vaePairs, vaePrefix } from '../../models/checkpoint/layouts/ldm/vae.ts'
import { input, type Value } from '../../models/graph/value.ts'
import type { Parameters } from '../../models/networks/parameters.ts'
import { clipText } from '../../models/networks/text/clip.ts'
import type { TextConfig } from '../../models/networks/text/config.ts'
import type { UNetConfig } from '../../models/networks/unet/config.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import type { VaeConfig } from '../../models/networks/vae/config.ts'
import { decode } from '../../models/networks/vae/decode.ts'
import { encode } from '../../models/networks/vae/encode.ts'
import { Generator } from '../../models/tensor/random.ts'
import { elements, type Shape } from '../../models/tensor/tensor.ts'

const vae = {
  inChannels: 3,
  outChannels: 3,
  latentChannels: 4,
  blockOutChannels: [128, 256, 512, 512],
  layersPerBlock: 2,
  normGroups: 32,
  scalingFactor: 0.18215,
  shiftFactor: 0,
  useQuantConv: true,
  usePostQuantConv: true,
  midBlockAttention: true,
  patchSize: 1,
} as const

const clipL = {
  vocabSize: 49408,
  hiddenSize: 768,
  intermediateSize: 3072,
  layers: 12,
  heads: 12,
  positions: 77,
  activation: 'quick_gelu',
  normEps: 1e-5,
} as const

const openClipG = {
  ...clipL,
  hiddenSize: 1280,
  intermediateSize: 5120,
  layers: 32,
  heads: 20,
  activation: 'gelu',
  projection: 1280,
} as const

const common = { inChannels: 4, outChannels: 4, layersPerBlock: 2, normGroups: 32, normEps: 1e-5 } as const

interface Model {
  readonly vae: VaeConfig
  readonly text: TextConfig
  /** SDXL's other text encoder. */
  readonly second?: TextConfig
  readonly unet: UNetConfig
}

/** Stable Diffusion 1.5 and XL as their files have them, and a model whose UNet has a tenth of the first's parameters. */
const models = {
  sd15: {
    vae,
    text: clipL,
    unet: {
      ...common,
      blockOutChannels: [320, 640, 1280, 1280],
      transformerLayers: [1, 1, 1, 0],
      midTransformerLayers: 1,
      heads: [8, 8, 8, 8],
      crossAttentionDim: 768,
      linearProjection: false,
    },
  },
  sdxl: {
    vae,
    text: clipL,
    second: openClipG,
    unet: {
      ...common,
      blockOutChannels: [320, 640, 1280],
      transformerLayers: [0, 2, 10],
      midTransformerLayers: 10,
      heads: [5, 10, 20],
      crossAttentionDim: 2048,
      linearProjection: true,
      additionInputs: 2816,
    },
  },
  middling: {
    vae: { ...vae, blockOutChannels: [32, 32, 64, 64] },
    text: { ...clipL, hiddenSize: 256, intermediateSize: 512, layers: 1, heads: 4 },
    unet: {
      ...common,
      blockOutChannels: [96, 192, 384, 384],
      transformerLayers: [1, 1, 1, 0],
      midTransformerLayers: 1,
      heads: [8, 8, 8, 8],
      crossAttentionDim: 256,
      linearProjection: false,
    },
  },
} satisfies Record<string, Model>

type ModelSize = keyof typeof models

/** How a number type is named in a file, and made of normals. */
const dtypes = { f32: { name: 'F32', of: Float32Array }, f16: { name: 'F16', of: Float16Array } } as const
type FileDtype = keyof typeof dtypes

/**
 * Writes a single file of a model's size and layout with random weights whose spread keeps activations in range: for
 * measurements of speed and memory. f16 by default: sd15 takes 2.1 GB, sdxl 6.9 GB.
 */
export async function writeRandomModel(
  path: string,
  size: ModelSize = 'sd15',
  dtype: FileDtype = 'f16',
): Promise<void> {
  const shapes = new Map<string, Shape>()
  const ask = (prefix: string, pairs: readonly KeyPair[]): Parameters => {
    const places = new Map(pairs.map(([file, name, how]) => [name, { key: prefix + file, how }]))
    return (name, shape) => {
      const place = places.get(name)
      if (!place) throw new Error(`${name} has no place in the file`)
      const [out = 1, ...rest] = shape
      // OpenCLIP keeps three projections in one tensor, and its last as the matrix that a state is multiplied by.
      const stored = place.how === 'transposed' ? shape.toReversed() : place.how ? [3 * out, ...rest] : shape
      shapes.set(place.key, stored)
      return f32(name, shape)
    }
  }
  const ids = input('ids', { shape: [1, 77], dtype: 'i64' })
  const layers = ({ layers }: { layers: number }, name: string) =>
    Array.from({ length: layers }, (_, i) => `${name}.${i}.`)
  const { unet: config, vae, text, second }: Model = models[size]
  const first = second ? 'conditioner.embedders.0.transformer.' : 'cond_stage_model.transformer.'
  clipText(text, ask(first, textPairs(layers(text, 'text_model.encoder.layers'))), ids).normed(1)
  if (second) {
    const { prefix, pairs } = projectedOpenClip('conditioner.embedders.1.model.')
    const names = [...layers(second, 'transformer.resblocks'), 'text_projection']
    clipText(second, ask(prefix, pairs(names)), ids).pooled(input('ends', { shape: [1], dtype: 'i64' }))
  }
  const sample = f32('sample', [1, config.inChannels, 8, 8])
  const told = {
    sample,
    timestep: f32('timestep', [1]),
    context: f32('context', [1, 77, config.crossAttentionDim]),
    added: second
      ? { textEmbeds: f32('text_embeds', [1, second.hiddenSize]), timeIds: f32('time_ids', [1, 6]) }
      : undefined,
  }
  unet(config, ask(unetPrefix, unetPairs({ levels: config.blockOutChannels.length, ...config })), told)
  const asked = ask(vaePrefix, vaePairs({ levels: 4, layersPerBlock: 2 }))
  encode(vae, asked, f32('picture', [1, 3, 64, 64]))
  decode(vae, asked, sample)

  const bytes = dtypes[dtype].of.BYTES_PER_ELEMENT
  let offset = 0
  const header: Record<string, unknown> = {}
  for (const [key, shape] of shapes) {
    const end = offset + elements(shape) * bytes
    header[key] = { dtype: dtypes[dtype].name, shape, data_offsets: [offset, end] }
    offset = end
  }
  const json = Buffer.from(JSON.stringify(header).padEnd(Math.ceil(JSON.stringify(header).length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'w')
  try {
    await file.write(Buffer.concat([length, json]))
    const normals = new Generator(0).normals(1 << 20)
    for (const [key, shape] of shapes) await writeTensor(file, { key, shape, dtype }, normals)
  } finally {
    await file.close()
  }
}

const f32 = (name: string, shape: Shape): Value => input(name, { shape, dtype: 'f32' })

/**
 * Scales of norms are 1, biases 0, weights spread by the size of their input. Each tensor begins elsewhere in the same
 * normals: the runtime would keep equal tensors once.
 */
async function writeTensor(
  file: FileHandle,
  { key, shape, dtype }: { key: string; shape: Shape; dtype: FileDtype },
  normals: Float32Array,
): Promise<void> {
  const vector = shape.length === 1
  const scale = vector || key.endsWith('.bias') ? 0 : 0.7 / Math.sqrt(elements(shape.slice(1)))
  const offset = vector && key.endsWith('.weight') ? 1 : 0
  const size = elements(shape)
  const values = new dtypes[dtype].of(normals.subarray(0, size).map(value => value * scale + offset))
  let at = [...key].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % values.length, 7)
  for (let left = size; left > 0; at = 0) {
    const count = Math.min(left, values.length - at)
    await file.write(new Uint8Array(values.buffer, at * values.BYTES_PER_ELEMENT, count * values.BYTES_PER_ELEMENT))
    left -= count
  }
}

const [, script, path, size = 'sd15', dtype = 'f16'] = process.argv
if (script === import.meta.filename) {
  if (!path || !Object.hasOwn(models, size) || !Object.hasOwn(dtypes, dtype))
    throw new Error('usage: node tests/bench/random-model.ts FILE.safetensors [sd15|sdxl|middling] [f16|f32]')
  await writeRandomModel(path, size as ModelSize, dtype as FileDtype)
}
