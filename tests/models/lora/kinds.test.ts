import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { BaseCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { unetConfig } from '../../../models/checkpoint/config/unet.ts'
import { toOnnx } from '../../../models/graph/onnx/write.ts'
import { add } from '../../../models/graph/ops/add.ts'
import { constant, input } from '../../../models/graph/value.ts'
import type { Parameters } from '../../../models/networks/parameters.ts'
import { unet } from '../../../models/networks/unet/unet.ts'
import type { Lora } from '../../../models/pipelines/lora/load.ts'
import { withLoras } from '../../../models/pipelines/lora/plug.ts'
import { parametersOf } from '../../../models/pipelines/parameters.ts'
import { openSession } from '../../../models/runtime/session.ts'
import { elements, type F32Tensor, f32, type Shape } from '../../../models/tensor/tensor.ts'
import { scratch } from '../checkpoint/synthetic.ts'
import { hadamard, kron, matmul, tucker, turned } from './naive.ts'
import { open, random, scalar, sd1Tiny, type Tensors, writeLora } from './support.ts'

const folder = scratch()

/** Layers of every sort: linear, 1x1 and 3x3 convolutions, one that halves the size. */
const layers = [
  'down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k',
  'down_blocks.1.attentions.0.proj_in',
  'mid_block.resnets.0.conv1',
  'down_blocks.0.downsamplers.0.conv',
  'up_blocks.2.attentions.1.transformer_blocks.0.ff.net.0.proj',
  'up_blocks.0.resnets.1.time_emb_proj',
]

const rank = 4
const columnsOf = ([, ...columns]: Shape) => elements(columns)
const factor = (size: number) => [8, 4, 2].find(each => size % each === 0) as number

/** A module of a kind: its tensors, and by plain loops what they mean for a weight of that shape. */
interface Made {
  readonly tensors: Tensors
  readonly delta: F32Tensor
}

const makers: Record<string, (shape: Shape, seed: number) => Made> = {
  'LoRA without alpha': (shape, seed) => low(shape, seed, undefined),
  'LoRA with alpha': (shape, seed) => low(shape, seed, 2.5),
  'LoRA whose last axes run together': (shape, seed) => {
    const { tensors, delta } = low(shape, seed, 1)
    const flat = f32(tensors['lora_down.weight']?.data as Float32Array, [rank, columnsOf(shape)])
    return { tensors: { ...tensors, 'lora_down.weight': flat }, delta }
  },
  'LoRA with a core': (shape, seed) => {
    if (shape.length < 4 || shape[2] === 1) return low(shape, seed, 2)
    const [out = 0, wide = 0, ...kernel] = shape
    const [down, up, mid] = [
      random(seed, [rank, wide, 1, 1]),
      random(seed + 1, [out, rank, 1, 1]),
      random(seed + 2, [rank, rank, ...kernel]),
    ]
    return {
      tensors: { 'lora_down.weight': down, 'lora_up.weight': up, 'lora_mid.weight': mid, alpha: scalar(2) },
      delta: scaled(tucker(mid, turned(up), f32(down.data, [rank, wide])), 2 / rank),
    }
  },
  LoHa: (shape, seed) => {
    const [a1, a2] = [random(seed, [shape[0] as number, rank]), random(seed + 1, [shape[0] as number, rank])]
    const [b1, b2] = [random(seed + 2, [rank, columnsOf(shape)]), random(seed + 3, [rank, columnsOf(shape)])]
    return {
      tensors: { hada_w1_a: a1, hada_w1_b: b1, hada_w2_a: a2, hada_w2_b: b2, alpha: scalar(3) },
      delta: scaled(hadamard(matmul(a1, b1), matmul(a2, b2)), 3 / rank),
    }
  },
  'LoHa with cores': (shape, seed) => {
    if (shape.length < 4) return makers.LoHa?.(shape, seed) as Made
    const [out = 0, wide = 0, ...kernel] = shape
    const half = (at: number) =>
      [random(at, [rank, rank, ...kernel]), random(at + 1, [rank, out]), random(at + 2, [rank, wide])] as const
    const [[t1, a1, b1], [t2, a2, b2]] = [half(seed), half(seed + 3)]
    return {
      tensors: {
        hada_w1_a: a1,
        hada_w1_b: b1,
        hada_t1: t1,
        hada_w2_a: a2,
        hada_w2_b: b2,
        hada_t2: t2,
        alpha: scalar(1),
      },
      delta: scaled(hadamard(tucker(t1, a1, b1), tucker(t2, a2, b2)), 1 / rank),
    }
  },
  'LoKr of two whole matrices': (shape, seed) => {
    const [a, b] = [factor(shape[0] as number), factor(shape[1] as number)]
    const [w1, w2] = [
      random(seed, [a, b]),
      random(seed + 1, [(shape[0] as number) / a, (shape[1] as number) / b, ...shape.slice(2)]),
    ]
    // Nothing was factored: alpha says nothing.
    return { tensors: { lokr_w1: w1, lokr_w2: w2, alpha: scalar(9) }, delta: kron(w1, w2) }
  },
  'LoKr of factored matrices': (shape, seed) => {
    const [a, b] = [factor(shape[0] as number), factor(shape[1] as number)]
    const [a1, b1] = [random(seed, [a, rank]), random(seed + 1, [rank, b])]
    const [a2, b2] = [
      random(seed + 2, [(shape[0] as number) / a, rank]),
      random(seed + 3, [rank, columnsOf(shape) / b]),
    ]
    return {
      tensors: { lokr_w1_a: a1, lokr_w1_b: b1, lokr_w2_a: a2, lokr_w2_b: b2, alpha: scalar(2) },
      delta: scaled(kron(matmul(a1, b1), matmul(a2, b2)), 2 / rank),
    }
  },
  'LoKr with a core': (shape, seed) => {
    if (shape.length < 4) return makers['LoKr of factored matrices']?.(shape, seed) as Made
    const [out = 0, wide = 0, ...kernel] = shape
    const [a, b] = [factor(out), factor(wide)]
    const [w1, core] = [random(seed, [a, b]), random(seed + 1, [rank, rank, ...kernel])]
    const [left, right] = [random(seed + 2, [rank, out / a]), random(seed + 3, [rank, wide / b])]
    return {
      tensors: { lokr_w1: w1, lokr_t2: core, lokr_w2_a: left, lokr_w2_b: right, alpha: scalar(2) },
      delta: scaled(kron(w1, tucker(core, left, right)), 2 / rank),
    }
  },
}

function low(shape: Shape, seed: number, alpha: number | undefined): Made {
  const [out = 0, ...columns] = shape
  const ones = columns.length === 1 ? [] : [1, 1]
  const [down, up] = [random(seed, [rank, ...columns]), random(seed + 1, [out, rank, ...ones])]
  return {
    tensors: { 'lora_down.weight': down, 'lora_up.weight': up, ...(alpha !== undefined && { alpha: scalar(alpha) }) },
    delta: scaled(matmul(up, down), alpha === undefined ? 1 : alpha / rank),
  }
}

const scaled = ({ data, shape }: F32Tensor, by: number): F32Tensor =>
  f32(
    data.map(value => value * by),
    shape,
  )

let base: BaseCheckpoint
beforeAll(async () => {
  base = await sd1Tiny()
})

/** A LoRA of a kind on all layers, and what it adds to each weight where it is as strong as it was trained. */
async function made(kind: string, firstSeed: number): Promise<{ lora: Lora; deltas: Map<string, F32Tensor> }> {
  const tensors: Record<string, F32Tensor> = {}
  const deltas = new Map<string, F32Tensor>()
  for (const [i, layer] of layers.entries()) {
    const { shape } = base.unet.table.get(`${layer}.weight`) ?? { shape: [] }
    const own = makers[kind]?.(shape, firstSeed + 10 * i) as Made
    for (const [ending, tensor] of Object.entries(own.tensors))
      tensors[`lora_unet_${layer.replaceAll('.', '_')}.${ending}`] = tensor
    deltas.set(`${layer}.weight`, f32(own.delta.data, shape))
  }
  const lora = await open(await writeLora(join(folder, `${kind}-${firstSeed}.safetensors`), tensors), base)
  expect(lora.unused).toEqual([])
  return { lora, deltas }
}

const side = 16
const feeds = {
  sample: random(1, [1, 4, side, side]),
  timestep: f32(Float32Array.of(321)),
  context: random(2, [1, 7, 64]),
}

/** What the UNet gives with those parameters. */
async function run(parameters: Parameters, strengths: readonly number[] = []): Promise<Float32Array> {
  const inputs = {
    sample: input('sample', feeds.sample),
    timestep: input('timestep', feeds.timestep),
    context: input('context', feeds.context),
  }
  const session = await openSession(toOnnx({ out: unet(unetConfig(base.unet), parameters, inputs) }))
  const told = strengths.map((strength, i) => [`lora.${i}`, f32(Float32Array.of(strength))])
  const { out } = await session.run({ ...feeds, ...Object.fromEntries(told) })
  await session.release()
  return out?.data as Float32Array
}

/** The base's own parameters with weights changed by plain arithmetic. */
const merged =
  (changes: readonly { deltas: ReadonlyMap<string, F32Tensor>; strength: number }[]): Parameters =>
  (name, shape) =>
    changes.reduce(
      (sum, { deltas, strength }) => {
        const delta = deltas.get(name)
        return delta ? add(sum, constant(scaled(delta, strength))) : sum
      },
      parametersOf(base.unet)(name, shape),
    )

const largest = (values: ArrayLike<number>) => Array.from(values, Math.abs).reduce((a, b) => Math.max(a, b), 0)
const difference = (a: Float32Array, b: Float32Array) => largest(a.map((value, i) => value - (b[i] as number)))

describe('a LoRA beside the weights or in them is what plain arithmetic makes of the weights', () => {
  it.each(Object.keys(makers))('%s', async kind => {
    const { lora, deltas } = await made(kind, 100)
    const strength = -0.6
    const got = await run(withLoras(parametersOf(base.unet), 'unet', [lora]), [strength])
    const wanted = await run(merged([{ deltas, strength }]))
    expect(difference(got, wanted)).toBeLessThan(3e-5 * largest(wanted))
    const plain = await run(parametersOf(base.unet))
    expect(difference(wanted, plain)).toBeGreaterThan(0.02 * largest(plain))
    // At strength 0 it is the base.
    const none = await run(withLoras(parametersOf(base.unet), 'unet', [lora]), [0])
    expect(difference(none, plain)).toBeLessThan(3e-6 * largest(plain))
  })

  it('several at once, of different kinds and strengths', async () => {
    const kinds = ['LoRA with alpha', 'LoHa', 'LoRA without alpha', 'LoRA with a core']
    const strengths = [0.5, 1, -0.3, 0.8]
    const all = await Promise.all(kinds.map((kind, i) => made(kind, 1000 * (i + 1))))
    const loras = all.map(({ lora }) => lora)
    const got = await run(withLoras(parametersOf(base.unet), 'unet', loras), strengths)
    const wanted = await run(merged(all.map(({ deltas }, i) => ({ deltas, strength: strengths[i] as number }))))
    expect(difference(got, wanted)).toBeLessThan(5e-5 * largest(wanted))
  })
})
