import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KeyPair } from '../../models/checkpoint/key-map.ts'
import { penultimateOpenClip, projectedOpenClip } from '../../models/checkpoint/layouts/ldm/open-clip.ts'
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
import { narrowBf16, narrowF16 } from '../../models/tensor/half.ts'
import { Generator } from '../../models/tensor/random.ts'
import { elements, type F32Tensor, f32, type Shape } from '../../models/tensor/tensor.ts'

/** A base of any size: SD 2.x with one encoder, SDXL with two. */
export interface Build {
  readonly unet: UNetConfig
  readonly vae: VaeConfig
  readonly texts: readonly TextConfig[]
}

type Tensors = ReadonlyMap<string, F32Tensor>

/** Random weights by diffusers' names, each component under the name of its folder. */
export type Weights = ReadonlyMap<string, Tensors>

/** `mixed` is each in turn, tensor by tensor. */
export type FloatType = 'F32' | 'F16' | 'BF16' | 'mixed'

const placeholder = (name: string, shape: Shape): Value => input(name, { shape, dtype: 'f32' })

/** Weights whose spread keeps activations in range, as numbers that every float type can hold. */
export function randomWeights({ unet: config, vae, texts }: Build): Weights {
  const generator = new Generator(1)
  const collect = (build: (parameters: Parameters) => void): Tensors => {
    const tensors = new Map<string, F32Tensor>()
    build((name, shape) => {
      if (!tensors.has(name)) tensors.set(name, randomTensor(generator, name, shape))
      return placeholder(name, shape)
    })
    return tensors
  }
  const sample = placeholder('sample', [1, config.inChannels, 8, 8])
  const pooled = texts.at(-1)?.projection ?? 0
  const encoder = (text: TextConfig) =>
    collect(p => {
      const states = clipText(text, p, input('ids', { shape: [1, text.positions], dtype: 'i64' }))
      states.normed(1)
      if (text.projection !== undefined) states.pooled(input('ends', { shape: [1], dtype: 'i64' }))
    })
  return new Map([
    [
      'unet',
      collect(p =>
        unet(config, p, {
          sample,
          timestep: placeholder('timestep', [1]),
          context: placeholder('context', [1, 77, config.crossAttentionDim]),
          added: { textEmbeds: placeholder('text_embeds', [1, pooled]), timeIds: placeholder('time_ids', [1, 6]) },
        }),
      ),
    ],
    [
      'vae',
      collect(p => {
        encode(vae, p, placeholder('picture', [1, 3, 32, 32]))
        decode(vae, p, placeholder('latent', [1, vae.latentChannels, 8, 8]))
      }),
    ],
    ...texts.map((text, i) => [i === 0 ? 'text_encoder' : 'text_encoder_2', encoder(text)] as const),
  ])
}

function randomTensor(generator: Generator, name: string, shape: Shape): F32Tensor {
  const count = elements(shape)
  const normals = generator.normals(Math.max(16, count)).subarray(0, count)
  const isNorm = shape.length === 1 && name.endsWith('.weight')
  const scale = shape.length === 1 ? 0.1 : 0.7 / Math.sqrt(elements(shape.slice(1)))
  const values = Float32Array.from(normals, value => value * scale + (isNorm ? 1 : 0))
  // f16 holds what is not tiny; of its ten binary places bf16 has seven, the upper half of an f32.
  const words = new Uint32Array(values.map(value => (Math.abs(value) < 2 ** -14 ? 0 : value)).buffer)
  return f32(new Float32Array(words.map(word => word & 0xffff_0000).buffer), shape)
}

/** Writes a safetensors file in one number type. On purpose apart from the writer that the studio has. */
export async function writeFloats(path: string, tensors: Tensors, dtype: FloatType = 'F16'): Promise<void> {
  const narrow = { F32: (data: Float32Array) => data, F16: narrowF16, BF16: narrowBf16 }
  const types = dtype === 'mixed' ? (['F16', 'F32', 'BF16'] as const) : ([dtype] as const)
  const header: Record<string, unknown> = {}
  const data: Uint8Array[] = []
  let end = 0
  for (const [name, { shape, data: values }] of tensors) {
    const type = types[data.length % types.length] as (typeof types)[number]
    const own = narrow[type](values)
    data.push(new Uint8Array(own.buffer, own.byteOffset, own.byteLength))
    header[name] = { dtype: type, shape, data_offsets: [end, end + own.byteLength] }
    end += own.byteLength
  }
  const text = Buffer.from(JSON.stringify(header))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(text.length))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, Buffer.concat([size, text, ...data]))
}

export interface FolderOptions {
  readonly dtype?: FloatType
  /** Into how many files each component is cut. */
  readonly shards?: number
  /** What model_index.json says beside the components. */
  readonly index?: Readonly<Record<string, unknown>>
  readonly scheduler?: Readonly<Record<string, unknown>>
}

/** Writes a base as diffusers does: a folder for each component, its weights in one file or several. */
export async function writeFolder(folder: string, build: Build, weights: Weights, options: FolderOptions = {}) {
  const { dtype, shards = 1, index, scheduler } = options
  const json = async (path: string, value: unknown) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), JSON.stringify(value))
  }
  const components = [...weights.keys()].map(name => [name, ['a library', 'a class']])
  await json('model_index.json', { _class_name: 'a pipeline', ...Object.fromEntries(components), ...index })
  if (scheduler) await json('scheduler/scheduler_config.json', scheduler)
  await json('unet/config.json', { attention_head_dim: build.unet.heads })
  await json('vae/config.json', { scaling_factor: build.vae.scalingFactor })
  for (const [i, { activation, heads, projection }] of build.texts.entries())
    await json(`${i === 0 ? 'text_encoder' : 'text_encoder_2'}/config.json`, {
      hidden_act: activation,
      num_attention_heads: heads,
      projection_dim: projection,
    })
  for (const [component, tensors] of weights) {
    const name = component.startsWith('text') ? 'model' : 'diffusion_pytorch_model'
    if (shards === 1) {
      await writeFloats(join(folder, component, `${name}.safetensors`), tensors, dtype)
      continue
    }
    const shardOf = (place: number) => `${name}-0000${(place % shards) + 1}-of-0000${shards}.safetensors`
    const placed = [...tensors].map(([key, tensor], place) => [shardOf(place), key, tensor] as const)
    for (const [shard, own] of Map.groupBy(placed, ([file]) => file))
      await writeFloats(join(folder, component, shard), new Map(own.map(([, key, tensor]) => [key, tensor])), dtype)
    const map = Object.fromEntries(placed.map(([shard, key]) => [key, shard]))
    await json(`${component}/${name}.safetensors.index.json`, { weight_map: map })
  }
}

/** Writes the same base as one file with the original keys: OpenCLIP's projections fused, its last matrix turned round. */
export async function writeSingle(path: string, { unet: config, texts }: Build, weights: Weights, dtype?: FloatType) {
  const levels = config.blockOutChannels.length
  const prefixes = texts.length > 1 ? sdxlTexts : sd2Texts
  const maps: [component: string, prefix: string, pairs: readonly KeyPair[]][] = [
    ['unet', unetPrefix, unetPairs({ levels, ...config })],
    ['vae', vaePrefix, vaePairs({ levels: 2, layersPerBlock: 1 })],
    ...texts.map(({ layers }, i): [string, string, readonly KeyPair[]] => {
      const [prefix, pairs] = prefixes[i] as (typeof prefixes)[number]
      return [i === 0 ? 'text_encoder' : 'text_encoder_2', prefix, pairs(layers)]
    }),
  ]
  const single = new Map<string, F32Tensor>()
  for (const [component, prefix, pairs] of maps) {
    const own = weights.get(component) as Tensors
    for (const [key, all] of Map.groupBy(pairs, ([file]) => prefix + file)) {
      const found = all.flatMap(([, name, stored]) => {
        const tensor = own.get(name)
        return tensor ? [stored === 'transposed' ? transposed(tensor) : tensor] : []
      })
      if (found.length > 0) single.set(key, asConvolution(key, joined(found)))
    }
    if (component === 'text_encoder' && texts.length === 1) addLastBlock(single, prefix, texts[0] as TextConfig)
  }
  await writeFloats(path, single, dtype)
}

const blocks = (count: number) => Array.from({ length: count }, (_, i) => `transformer.resblocks.${i}.ln_1.weight`)
const layerNames = (count: number) => Array.from({ length: count }, (_, i) => `text_model.encoder.layers.${i}.x`)

const sdxlTexts = [
  ['conditioner.embedders.0.transformer.', layers => textPairs(layerNames(layers))],
  ['conditioner.embedders.1.model.', layers => projectedOpenClip('').pairs(blocks(layers))],
] satisfies [string, (layers: number) => KeyPair[]][]

const sd2Texts = [
  [
    'cond_stage_model.model.',
    layers => penultimateOpenClip('').pairs([...blocks(layers + 1), 'logit_scale', 'text_projection']),
  ],
] satisfies [string, (layers: number) => KeyPair[]][]

/** SD 2.x's files hold one block more than is used, and what follows it. */
function addLastBlock(single: Map<string, F32Tensor>, prefix: string, { layers, hiddenSize }: TextConfig): void {
  const filled = (shape: Shape) => f32(new Float32Array(elements(shape)).fill(7), shape)
  single.set(`${prefix}transformer.resblocks.${layers}.ln_1.weight`, filled([hiddenSize]))
  single.set(`${prefix}transformer.resblocks.${layers}.attn.in_proj_weight`, filled([3 * hiddenSize, hiddenSize]))
  single.set(`${prefix}text_projection`, filled([hiddenSize, hiddenSize]))
  single.set(`${prefix}logit_scale`, filled([]))
}

function joined(tensors: readonly F32Tensor[]): F32Tensor {
  const [{ shape }] = tensors as [F32Tensor]
  const data = Float32Array.from(tensors.flatMap(tensor => [...tensor.data]))
  return f32(data, [(shape[0] as number) * tensors.length, ...shape.slice(1)])
}

function transposed({ data, shape: [rows = 0, columns = 0] }: F32Tensor): F32Tensor {
  const turned = Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)] as number)
  return f32(turned, [columns, rows])
}

/** The VAE's attention is stored as convolutions of one pixel. */
const asConvolution = (key: string, tensor: F32Tensor): F32Tensor =>
  /\.attn_1\.(?:q|k|v|proj_out)\.weight$/.test(key) ? f32(tensor.data, [...tensor.shape, 1, 1]) : tensor
