import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { unetConfig } from '../../models/checkpoint/config/unet.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { multiplications } from '../../models/graph/arithmetic.ts'
import { gradients } from '../../models/graph/gradient.ts'
import { toOnnx } from '../../models/graph/onnx/write.ts'
import { mul } from '../../models/graph/ops/mul.ts'
import { sub } from '../../models/graph/ops/sub.ts'
import { meanAll } from '../../models/graph/ops/sum.ts'
import { input, type Value } from '../../models/graph/value.ts'
import type { Parameters } from '../../models/networks/parameters.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import { openSession } from '../../models/runtime/session.ts'
import { Generator } from '../../models/tensor/random.ts'
import { elements, f32, type Tensor } from '../../models/tensor/tensor.ts'

/**
 * `npm run bench:step -- [MODEL] [SIDE] [BATCH] [ROUNDS]`: processor seconds, on one thread, of a UNet's forward pass
 * and of a whole training step of all its parameters, in turns; and the step's rate of arithmetic, counted as three
 * forward passes, as a share of the forward's. The weights are inputs in both.
 */
async function main([model = shipped.demo, side = '16', batch = '16', rounds = '5']: string[]): Promise<void> {
  const base = asBase(await describeModel(model))
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
  const n = Number(batch)
  const picture = [n, config.inChannels, Number(side), Number(side)]
  const prediction = unet(config, parameters, {
    sample: given('sample', picture),
    timestep: given('timestep', [n], 100),
    context: given('context', [n, 24, config.crossAttentionDim]),
  })
  const difference = sub(prediction, given('target', picture))
  const loss = meanAll(mul(difference, difference))
  const steps = gradients(loss, [...trained.values()])
  const names = Object.fromEntries(steps.map((value, i) => [`gradient ${i}`, value]))

  const forward = await openSession(toOnnx({ prediction }), { threads: 1 })
  const step = await openSession(toOnnx({ loss, ...names }), { threads: 1 })
  const { target: _, ...forwardFeeds } = feeds
  const times = { forward: [] as number[], step: [] as number[] }
  for (let round = 0; round <= Number(rounds); round++) {
    const [a, b] = [await seconds(() => forward.run(forwardFeeds)), await seconds(() => step.run(feeds))]
    // The first run lays out memory.
    if (round > 0) {
      times.forward.push(a)
      times.step.push(b)
    }
  }
  const work = multiplications({ prediction })
  const [one, all] = [median(times.forward), median(times.step)]
  const rate = (products: number, time: number) =>
    `${time.toFixed(3)} s, ${((2 * products) / time / 1e9).toFixed(1)} GFLOP/s`
  console.log(`${trained.size} parameters, batch ${n}, latent ${side} x ${side}`)
  console.log(`forward  ${rate(work, one)}`)
  console.log(`step     ${rate(3 * work, all)}, ${((300 * one) / all).toFixed(0)}% of the forward's rate`)
  console.log(`peak     ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
  await Promise.all([forward.release(), step.release()])
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
