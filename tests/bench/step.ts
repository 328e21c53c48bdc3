import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint } from '../../models/checkpoint/checkpoint.ts'
import { unetConfig } from '../../models/checkpoint/config/unet.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { multiplications } from '../../models/graph/arithmetic.ts'
import { gradients } from '../../models/graph/gradient.ts'
import { toOnnx } from '../../models/graph/onnx/write.ts'
import { mul } from '../../models/graph/ops/mul.ts'
import { sub } from '../../models/graph/ops/sub.ts'
import { meanAll } from '../../models/graph/ops/sum.ts'
import { input, type Value } from '../../models/graph/value.ts'
import { type GuideKindName, guideKinds } from '../../models/networks/guide/index.ts'
import type { GuideConfig } from '../../models/networks/guide/kind.ts'
import type { Inject, Parameters } from '../../models/networks/parameters.ts'
import { unet } from '../../models/networks/unet/unet.ts'
import { parametersOf } from '../../models/pipelines/parameters.ts'
import { openSession, type Session } from '../../models/runtime/session.ts'
import { Generator } from '../../models/tensor/random.ts'
import { writeTensors } from '../../models/tensor/safetensors/write.ts'
import { elements, f32, type Tensor } from '../../models/tensor/tensor.ts'
import { designGuide } from '../../models/training/design-guide.ts'

const { values: options, positionals } = parseArgs({
  options: {
    batch: { type: 'string', default: '16' },
    side: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    torch: { type: 'string' },
  },
  allowPositionals: true,
})

/**
 * `npm run bench:step -- [BASE] [--batch N] [--side CELLS] [--rounds N] [--threads N] [--torch PYTHON]`: what a training
 * step takes against a forward pass with its weights in the same place, of the whole base (its weights are inputs) and of
 * a guide of one per cent of each kind (the base's weights are frozen): medians in turns, and the arithmetic done in each.
 * With `--torch` the same steps in PyTorch, in turns too, whose loss must be the same. PYTHON needs torch and diffusers;
 * BASE must be a folder then.
 */
async function main(): Promise<void> {
  const path = positionals[0] ?? shipped.demo
  const base = asBase(await describeModel(path))
  const { batch, side, threads } = options
  console.log(`batch ${batch}, latent ${side} x ${side}, ${threads} threads`)
  await compare('base', path, training(base, undefined))
  for (const kind of kinds) await compare(kind, path, training(base, { kind, config: designGuide(kind, base, 0.01) }))
  console.log(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
}

/** Those that step_torch.py has too. */
const kinds = ['tap1', 'lora1'] as const

interface Plugged {
  readonly kind: GuideKindName
  readonly config: GuideConfig
}

interface Training {
  readonly forward: Record<string, Value>
  readonly step: Record<string, Value>
  readonly feeds: Record<string, Tensor>
  readonly guide: Plugged | undefined
}

/** One step's squared error and gradients; random numbers everywhere. */
function training(base: BaseCheckpoint, guide: Plugged | undefined): Training {
  const [n, side] = [Number(options.batch), Number(options.side)]
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
    guideKinds[guide.kind].inject(guide.config, parameters, {
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
    guide,
  }
}

async function compare(name: string, base: string, made: Training): Promise<void> {
  const { forward, step, feeds } = made
  const threads = Number(options.threads)
  const sessions: Session[] = []
  for (const graph of [forward, step]) sessions.push(await openSession(toOnnx(graph), { threads, pattern: false }))
  const [passing, stepping] = sessions as [Session, Session]
  const { target: _, ...forwardFeeds } = feeds
  await using torch = options.torch === undefined ? undefined : await startTorch(options.torch, base, made)
  const runs = {
    forward: () => timed(() => passing.run(forwardFeeds)),
    step: () => timed(() => stepping.run(feeds)),
    ...(torch && { 'torch forward': () => torch.run('forward'), 'torch step': () => torch.run('step') }),
  }
  const all = new Map<string, Taken[]>()
  for (let round = 0; round <= Number(options.rounds); round++)
    for (const [run, take] of Object.entries(runs)) {
      const taken = await take()
      // The first run lays out memory.
      if (round > 0) all.set(run, [...(all.get(run) ?? []), taken])
    }
  for (const session of sessions) await session.release()

  const taken = (run: string, of: 'seconds' | 'processor') => median((all.get(run) ?? []).map(each => each[of]))
  const rate = (run: 'forward' | 'step') => {
    const products = 2 * multiplications(run === 'forward' ? forward : step)
    return products / taken(run, 'processor') / 1e9
  }
  for (const run of all.keys())
    console.log(
      `${name} ${run}: ${taken(run, 'processor').toFixed(3)} s of the processor, ${taken(run, 'seconds').toFixed(3)} s`,
    )
  const [passed, stepped] = [rate('forward'), rate('step')]
  console.log(
    `${name}: ${passed.toFixed(1)} GFLOP/s forward, ${stepped.toFixed(1)} in a step: ${((100 * stepped) / passed).toFixed(0)}%`,
  )
  if (!torch) return
  for (const run of ['forward', 'step']) {
    const own = all.get(run) ?? []
    const ratios = (of: 'seconds' | 'processor') =>
      median((all.get(`torch ${run}`) ?? []).map((other, i) => (own[i]?.[of] ?? Number.NaN) / other[of]))
    console.log(
      `${name} ${run} against PyTorch: ${ratios('processor').toFixed(2)} x of the processor, ${ratios('seconds').toFixed(2)} x`,
    )
  }
  const [mine, other] = ['step', 'torch step'].map(run => all.get(run)?.[0]?.loss as number) as [number, number]
  if (Math.abs(mine - other) > 1e-4 * Math.abs(mine))
    throw new Error(`the loss is ${mine} here and ${other} in PyTorch`)
}

interface Taken {
  readonly seconds: number
  /** Of the processor, all threads: what else runs on the machine does not count. */
  readonly processor: number
  readonly loss: number | null
}

async function timed(work: () => Promise<Record<string, Tensor>>): Promise<Taken> {
  const [begin, busy] = [performance.now(), process.cpuUsage()]
  const { loss } = await work()
  const { user, system } = process.cpuUsage(busy)
  return {
    seconds: (performance.now() - begin) / 1000,
    processor: (user + system) / 1e6,
    loss: loss ? Number(loss.data[0]) : null,
  }
}

/** The same step in another process, which waits while it is not asked. */
async function startTorch(python: string, base: string, { feeds, guide }: Training) {
  const folder = await mkdtemp(join(tmpdir(), 'cicerone-step-'))
  const inputs = join(folder, 'inputs.safetensors')
  const said = guide && { kind: guide.kind, modules: JSON.stringify(guide.config.modules) }
  await writeTensors(inputs, new Map(Object.entries(feeds)), { format: 'pt', ...said })
  const script = join(import.meta.dirname, 'step_torch.py')
  const child = spawn(python, [script, join(base, 'unet'), inputs, options.threads], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  return {
    async run(what: 'forward' | 'step'): Promise<Taken> {
      child.stdin.write(`${what}\n`)
      const { value } = await lines.next()
      return JSON.parse(value ?? 'null')
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

await main()
