import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { KeyPair } from '../../models/checkpoint/key-map.ts'
import { textPairs } from '../../models/checkpoint/layouts/ldm/text.ts'
import { unetPairs, unetPrefix } from '../../models/checkpoint/layouts/ldm/unet.ts'
import { vaePairs, vaePrefix } from '../../models/checkpoint/layouts/ldm/vae.ts'
import { input, type Value } from '../../models/graph/value.ts'
import type { Parameters } from '../../models/networks/parameters.ts'
import { clipText } from '../../models/networks/text/clip.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import { decode } from '../../models/networks/vae/decode.ts'
import { encode } from '../../models/networks/vae/encode.ts'
import { Generator } from '../../models/tensor/random.ts'
import { elements, type Shape } from '../../models/tensor/tensor.ts'

/** Stable Diffusion 1.5 as its files have it. */
const sd15 = {
  unet: {
    inChannels: 4,
    outChannels: 4,
    blockOutChannels: [320, 640, 1280, 1280],
    layersPerBlock: 2,
    transformerLayers: [1, 1, 1, 0],
    midTransformerLayers: 1,
    heads: [8, 8, 8, 8],
    crossAttentionDim: 768,
    linearProjection: false,
    normGroups: 32,
    normEps: 1e-5,
  },
  vae: {
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
  },
  text: {
    vocabSize: 49408,
    hiddenSize: 768,
    intermediateSize: 3072,
    layers: 12,
    heads: 12,
    positions: 77,
    activation: 'quick_gelu',
    normEps: 1e-5,
  },
} as const

const textPrefix = 'cond_stage_model.transformer.'

/**
 * Writes a single file of the size and layout of Stable Diffusion 1.5 (f16, 2.1 GB) with random weights whose
 * spread keeps activations in range: for measurements of speed and memory.
 */
export async function writeRandomModel(path: string): Promise<void> {
  const shapes = new Map<string, Shape>()
  const ask = (prefix: string, pairs: readonly KeyPair[]): Parameters => {
    const keys = new Map(pairs.map(([file, name]) => [name, prefix + file]))
    return (name, shape) => {
      shapes.set(keys.get(name) ?? `unknown.${name}`, shape)
      return f32(name, shape)
    }
  }
  const text = Array.from({ length: sd15.text.layers }, (_, i) => `text_model.encoder.layers.${i}.`)
  clipText(sd15.text, ask(textPrefix, textPairs(text)), input('ids', { shape: [1, 77], dtype: 'i64' })).normed(1)
  const sample = f32('sample', [1, 4, 8, 8])
  const told = { sample, timestep: f32('timestep', [1]), context: f32('context', [1, 77, 768]) }
  unet(sd15.unet, ask(unetPrefix, unetPairs({ levels: 4, ...sd15.unet })), told)
  const vae = ask(vaePrefix, vaePairs({ levels: 4, layersPerBlock: 2 }))
  encode(sd15.vae, vae, f32('picture', [1, 3, 64, 64]))
  decode(sd15.vae, vae, sample)

  let offset = 0
  const header: Record<string, unknown> = {}
  for (const [key, shape] of shapes) {
    const end = offset + elements(shape) * 2
    header[key] = { dtype: 'F16', shape, data_offsets: [offset, end] }
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
    for (const [key, shape] of shapes) await writeTensor(file, key, shape, normals)
  } finally {
    await file.close()
  }
}

const f32 = (name: string, shape: Shape): Value => input(name, { shape, dtype: 'f32' })

/**
 * Scales of norms are 1, biases 0, weights spread by the size of their input. Each tensor begins elsewhere in the same
 * normals: the runtime would keep equal tensors once.
 */
async function writeTensor(file: FileHandle, key: string, shape: Shape, normals: Float32Array): Promise<void> {
  const vector = shape.length === 1
  const scale = vector || key.endsWith('.bias') ? 0 : 0.7 / Math.sqrt(elements(shape.slice(1)))
  const offset = vector && key.endsWith('.weight') ? 1 : 0
  const size = elements(shape)
  const values = Float16Array.from(normals.subarray(0, size), value => value * scale + offset)
  let at = [...key].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % values.length, 7)
  for (let left = size; left > 0; at = 0) {
    const count = Math.min(left, values.length - at)
    await file.write(new Uint8Array(values.buffer, at * 2, count * 2))
    left -= count
  }
}

const [, script, path] = process.argv
if (script === import.meta.filename) {
  if (!path) throw new Error('usage: node tests/bench/random-model.ts FILE.safetensors')
  await writeRandomModel(path)
}
