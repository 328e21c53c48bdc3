import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import type { BaseCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { parameterCount as parametersOfTable } from '../../../models/checkpoint/summary.ts'
import { gradients } from '../../../models/graph/gradient.ts'
import { type Input, input, type Value } from '../../../models/graph/value.ts'
import { guideKindNames, guideKinds } from '../../../models/networks/guide/index.ts'
import { type Layer, parameterCount } from '../../../models/networks/guide/kind.ts'
import type { Parameters } from '../../../models/networks/parameters.ts'
import type { UNetConfig } from '../../../models/networks/unet/config.ts'
import { unet } from '../../../models/networks/unet/unet.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { generate, type Picture } from '../../../models/pipelines/generate.ts'
import { loadGuide } from '../../../models/pipelines/guide.ts'
import { pair } from '../../../models/pipelines/pairing.ts'
import { Generator } from '../../../models/tensor/random.ts'
import { elements, f32, type Shape, type Tensor } from '../../../models/tensor/tensor.ts'
import { designGuide } from '../../../models/training/design-guide.ts'
import { writeRandomGuide } from '../../bench/random-guide.ts'
import { fixture } from '../../support/fixtures.ts'
import { scratch } from '../checkpoint/synthetic.ts'
import { lossOf } from '../graph/finite-differences.ts'
import { randomTensor } from '../graph/numbers.ts'
import { evaluate } from '../graph/reference/evaluate.ts'
import { type Nd, toNd } from '../graph/reference/nd.ts'

const folder = scratch()

interface Told extends Record<string, Tensor> {
  readonly positive: Tensor
  readonly negative: Tensor
}

const bases = {
  demo: shipped.demo,
  'sdxl-tiny': fixture('sdxl-tiny', 'sdxl-tiny.safetensors'),
}
const base = async (name: keyof typeof bases): Promise<BaseCheckpoint> => asBase(await describeModel(bases[name]))

/** As the places of a UNet with an attention in its middle and two levels; small enough for arithmetic in plain JavaScript. */
const small: UNetConfig = {
  ...{ inChannels: 4, outChannels: 4, blockOutChannels: [4, 8], layersPerBlock: 1, transformerLayers: [0, 1] },
  ...{ midTransformerLayers: 1, heads: [2, 2], crossAttentionDim: 6, linearProjection: false },
  ...{ normGroups: 2, normEps: 1e-5 },
}

describe.each(guideKindNames)('a guide of the kind %s', kind => {
  it.each([0.01, 0.05])('fills %d of the parameters of a base, and no more', async share => {
    const demo = await base('demo')
    const all = parametersOfTable([...demo.unet.table.values()])
    const taken = parameterCount(designGuide(kind, demo, share)) / all
    expect(taken).toBeLessThanOrEqual(share)
    // Of the first two kinds the smallest steps are large.
    if (kind !== 'lora1' && kind !== 'tap1') expect(taken).toBeGreaterThan(0.9 * share)
  })

  it.each(Object.keys(bases) as (keyof typeof bases)[])(
    'plugs into %s, at any size, and is it at w = 1',
    async name => {
      const path = join(folder, `${kind}-${name}.safetensors`)
      await writeRandomGuide(path, bases[name], kind)
      const checkpoint = asGuide(await describeModel(path))
      const own = await base(name)
      expect(pair(checkpoint, own)).toMatchObject({ fits: true, missing: [], leftover: [] })
      const pipeline = await assemble(own, { merges: shipped.merges })
      const guide = await loadGuide(checkpoint, own)
      const { inChannels, crossAttentionDim: width, additionInputs } = pipeline.unet
      const generator = new Generator(7)
      const normals = (...shape: number[]) =>
        f32(generator.normals(Math.max(16, elements(shape))).slice(0, elements(shape)), shape)
      const pooled =
        additionInputs === undefined
          ? {}
          : { text_embeds: normals(1, pipeline.encoders.at(-1)?.config.projection ?? 0), time_ids: normals(1, 6) }
      try {
        const guided = await pipeline.sessions.unet(guide)
        const checks: (readonly [inputs: Record<string, Tensor>, unguided: Float32Array])[] = []
        // The second's sides do not divide by the number of halvings.
        for (const sides of [
          [16, 16],
          [13, 10],
        ]) {
          const inputs = {
            ...{ sample: normals(1, inChannels, ...sides), timestep: f32(Float32Array.of(400)) },
            ...{ context: normals(1, 9, width), ...pooled },
          }
          const run = async (w: number, told: Record<string, Tensor>) => {
            const { prediction } = await guided.run({ ...inputs, guidance: f32(Float32Array.of(w)), ...told })
            return Float32Array.from(prediction?.data as Float32Array)
          }
          const told = (): Told => ({ positive: normals(1, width), negative: normals(1, width) })
          const [one, other] = [told(), told()]
          const unguided = await run(1, one)
          expect(await run(1, other)).toEqual(unguided)
          const four = await run(4, one)
          expect(largestOf(four, unguided)).toBeGreaterThan(1e-3)
          // Each thing that it is told has a say.
          expect(await run(4, { ...one, positive: other.positive })).not.toEqual(four)
          expect(await run(4, { ...one, negative: other.negative })).not.toEqual(four)
          expect(await run(5, one)).not.toEqual(four)
          checks.push([inputs, unguided])
        }
        const plain = await pipeline.sessions.unet()
        for (const [inputs, unguided] of checks) {
          const base = (await plain.run(inputs)).prediction?.data as Float32Array
          expect(largestOf(unguided, base)).toBeLessThan(2e-5 * Math.max(1, ...base.map(Math.abs)))
        }
      } finally {
        await pipeline.sessions.release()
      }
    },
  )

  it('paints in one pass a step, and its file says what it is', async () => {
    const path = join(folder, `${kind}-paints.safetensors`)
    await writeRandomGuide(path, shipped.demo, kind)
    const own = await base('demo')
    const guide = await loadGuide(asGuide(await describeModel(path)), own)
    expect(guide.kind).toBe(kind)
    const pipeline = await assemble(own, { merges: shipped.merges })
    const paint = async (guidance: number): Promise<Picture> => {
      const words = { prompt: 'a fox', negative: 'red', method: 'guide', sampler: 'ddim', schedule: 'auto' } as const
      const numbers = { guidance, steps: 2, seed: 1, count: 1, width: 64, height: 64, clipSkip: 1 }
      for await (const picture of generate(pipeline, { ...words, ...numbers }, { guide })) return picture
      throw new Error('no picture came')
    }
    try {
      const [guided, plain] = [await paint(4), await paint(1)]
      expect(guided.passes).toBe(2)
      expect(guided.pixels).not.toEqual(plain.pixels)
    } finally {
      await pipeline.sessions.release()
    }
  })

  it('learns with every tensor, along the slope of its loss', () => {
    const { guided, trained, given } = plugged(kind)
    const loss = lossOf(guided)
    const slopes = evaluate(gradients(loss, trained), given)
    for (const [i, slope] of slopes.entries())
      expect(slope.data.some(Boolean), `${(trained[i] as Input).name} learns`).toBe(true)
    // All tensors at once in random directions: each has its share in the sum.
    for (const seed of [1, 2, 3]) {
      const directions = trained.map(({ shape }, i) => randomTensor(seed + 10 * i, shape).data as Float32Array)
      const lossAt = (by: number): number => {
        const moved = (value: Value): Nd => {
          const { shape, data } = given(value)
          const direction = directions[trained.indexOf(value as Input)]
          return direction
            ? { shape, data: data.map((x, place) => x + by * (direction[place] as number)) }
            : { shape, data }
        }
        return evaluate([loss], moved)[0]?.data[0] as number
      }
      const along = slopes.map(({ data }, i) =>
        data.reduce((sum, x, place) => sum + x * ((directions[i] as Float32Array)[place] as number), 0),
      )
      const slope = along.reduce((sum, x) => sum + x, 0)
      const size = along.reduce((sum, x) => sum + Math.abs(x), 1)
      expect(Math.abs(slope - (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5) / size).toBeLessThan(1e-6)
    }
  })

  it('begins as the base itself: its last layers are zero', () => {
    const { trained, guided, plain, given } = plugged(kind)
    const begun = (value: Value): Nd => {
      const { shape, data } = given(value)
      const isLast = value.kind === 'input' && trained.includes(value) && guideKinds[kind].isLast(value.name)
      return isLast ? { shape, data: data.map(() => 0) } : { shape, data }
    }
    const [untrained, base] = evaluate([guided, plain], begun) as [Nd, Nd]
    expect(untrained.data).toEqual(base.data)
  })
})

/** The guide in a small base, with random numbers everywhere; its build has hardly more than the smallest there is. */
function plugged(kind: (typeof guideKindNames)[number]) {
  const numbers = new Map<Value, Nd>()
  const made = new Map<string, Input>()
  const given = (name: string, shape: Shape, scale = 0.5): Input => {
    const known = made.get(name)
    if (known) return known
    const value = input(name, { shape, dtype: 'f32' })
    const { data } = randomTensor(made.size + 1, shape)
    numbers.set(
      value,
      toNd(
        f32(
          Float32Array.from(data as Float32Array, x => x * scale),
          shape,
        ),
      ),
    )
    made.set(name, value)
    return value
  }
  const parameters: Parameters = (name, shape) => given(`base.${name}`, shape)
  const inputs = {
    sample: given('sample', [1, 4, 4, 4]),
    timestep: given('timestep', [1], 400),
    context: given('context', [1, 3, 6]),
  }
  const layers: Layer[] = []
  const plain = unet(small, parameters, inputs, (place, value, layer) => {
    const isPicture = value.shape.length === 4
    const [taken, out] = [layer?.from ?? value, value].map(({ shape }) => shape.at(isPicture ? 1 : -1)) as [
      number,
      number,
    ]
    if (layer && /^(?:mid_block|up_blocks)[.]/.test(place)) layers.push({ place, taken, given: out, isPicture })
    return value
  })
  const build = guideKinds[kind]
  const config = build.design(small, layers, 1)
  const trained: Input[] = []
  const own: Parameters = (name, shape) => {
    const value = given(name, shape)
    if (!trained.includes(value)) trained.push(value)
    return value
  }
  const told = {
    guidance: given('guidance', [1], 4),
    positive: given('positive', [1, 6]),
    negative: given('negative', [1, 6]),
  }
  const guided = unet(small, parameters, inputs, build.inject(config, own, { ...inputs, ...told }))
  return { guided, plain, trained, given: (value: Value) => numbers.get(value) as Nd }
}

const largestOf = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
