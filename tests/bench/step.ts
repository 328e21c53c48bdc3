import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import type { BaseCheckpoint, GuideCheckpoint } from '../../models/checkpoint/checkpoint.ts'
import { unetConfig } from '../../models/checkpoint/config/unet.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { multiplications } from '../../models/graph/arithmetic.ts'
import { gradients } from '../../models/graph/gradient.ts'
import { toOnnx } from '../../models/graph/onnx/write.ts'
import { mul } from '../../models/graph/ops/mul.ts'
import { sub } from '../../models/graph/ops/sub.ts'
import { meanAll } from '../../models/graph/ops/sum.ts'
import { input, type Value } from '../../models/graph/value.ts'
import { guideKinds } from '../../models/networks/guide/index.ts'
import type { Inject, Parameters } from '../../models/networks/parameters.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import { parametersOf } from '../../models/pipelines/parameters.ts'
import { openSession, type Session } from '../../models/runtime/session.ts'
import { Generator } from '../../models/tensor/random.ts'
import { elements, f32, type Tensor } from '../../models/tensor/tensor.ts'

/**
 * `npm run bench:step -- [MODEL] [GUIDE] [SIDE] [BATCH] [ROUNDS]`: what a training step takes against a forward pass
 * with its weights in the same place, of the whole base (its weights are inputs) and of a guide (the base's weights are
 * frozen). Processor seconds on one thread, in turns, and the arithmetic done in each.
 */
async function main([model, guide, side = '16', batch = '16', rounds = '5']: string[]): Promise<void> {
  const base = asBase(await describeModel(model ?? shipped.demo))
  const plugged = asGuide(await describeModel(guide ?? shipped.guide))
  const shape = { n: Number(batch), side: Number(side) }
  console.log(`batch ${batch}, latent ${side} x ${side}`)
  await compare('base ', training(base, undefined, shape), Number(rounds))
  await compare('guide', training(base, plugged, shape), Number(rounds))
  console.log(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
}

interface Training {
  readonly forward: Record<string, Value>
  readonly step: Record<string, Value>
  readonly feeds: Record<string, Tensor>
}

/** One step's squared error and gradients; random numbers everywhere. */
function training(
  base: BaseCheckpoint,
  guide: GuideCheckpoint | undefined,
  { n, side }: { n: number; side: number },
): Training {
  const config = unetConfig(base.unet)
  const normals = new Generator(0)
  const feeds: Record<string, Tensor> = {}
  const given = (name: string, shape: readonly number[], scale = 1): Value => {
    feeds[name] ??= f32(
      normals.normals(elements(shape)).map(x => x * scale),
      shape,
    )
    return input(name, { shape, dtype: 'f32' })
  }
  const trained = new Map<string, Value>()
  const parameters: Parameters = (name, shape) => {
    const value = given(name, shape, 0.02)
    trained.set(name, value)
    return value
  }
  const picture = [n, config.inChannels, side, side]
  const told = [n, config.crossAttentionDim]
  const [sample, timestep] = [given('sample', picture), given('timestep', [n], 100)]
  const inject = (): Inject | undefined =>
    guide &&
    guideKinds[guide.guideKind].inject(guide.config, parameters, {
      ...{ sample, timestep, guidance: given('guidance', [n]) },
      ...{ positive: given('positive', told), negative: given('negative', told) },
    })
  const inputs = { sample, timestep, context: given('context', [n, 24, config.crossAttentionDim]) }
  const prediction = unet(config, guide ? parametersOf(base.unet) : parameters, inputs, inject())
  const difference = sub(prediction, given('target', picture))
  const loss = meanAll(mul(difference, difference))
  const slopes = gradients(loss, [...trained.values()])
  return {
    forward: { prediction },
    step: { loss, ...Object.fromEntries(slopes.map((value, i) => [`${i}`, value])) },
    feeds,
  }
}

async function compare(name: string, { forward, step, feeds }: Training, rounds: number): Promise<void> {
  const graphs = [forward, step]
  const sessions: Session[] = []
  for (const graph of graphs) sessions.push(await openSession(toOnnx(graph), { threads: 1 }))
  const { target: _, ...forwardFeeds } = feeds
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round <= rounds; round++)
    for (const i of [0, 1] as const) {
      const taken = await seconds(() => (sessions[i] as Session).run(i === 0 ? forwardFeeds : feeds))
      // The first run lays out memory.
      if (round > 0) times[i].push(taken)
    }
  const rates = graphs.map((graph, i) => {
    const taken = median(times[i as 0 | 1])
    const rate = (2 * multiplications(graph)) / taken / 1e9
    console.log(`${name} ${i === 0 ? 'forward' : 'step   '}  ${taken.toFixed(3)} s, ${rate.toFixed(1)} GFLOP/s`)
    return rate
  }) as [number, number]
  console.log(`${name} step at ${((100 * rates[1]) / rates[0]).toFixed(0)}% of the forward's rate`)
  for (const session of sessions) await session.release()
}

/** Of the processor: what else runs on the machine does not count. */
async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1e6
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

await main(process.argv.slice(2))
