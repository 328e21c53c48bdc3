import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import type { MethodName } from '../../models/guidance/index.ts'
import type { Pipeline } from '../../models/pipelines/assemble.ts'
import { condition } from '../../models/pipelines/condition.ts'
import { generate, type Trace } from '../../models/pipelines/generate.ts'
import { type Guide, loadGuide } from '../../models/pipelines/guide.ts'
import { f32 } from '../../models/tensor/tensor.ts'
import { loadTensors, type Recorded } from '../support/safetensors.ts'
import { numbers } from './networks.ts'
import { type FindCase, openPipeline } from './pipelines.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

interface FamilyRun {
  base: string
  prompt: string
  negative: string
  method: string
  guidance: number
  steps: number
  seed: number
  size: [height: number, width: number]
  sampler: string
  schedule: string
  guide: string | null
}

/** Tolerances that the family's README states, as shares of the largest value. */
const share = { latents: 2e-4, image: 2e-3 }

/** The recorded runs of the demo family: every network call on its own, and whole pictures from the seed. */
export async function check(folder: string, find: FindCase): Promise<ParityResult[]> {
  const { runs }: { runs: Record<string, FamilyRun> } = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  const results: ParityResult[] = []
  for (const [base, own] of Object.entries(Object.groupBy(Object.entries(runs), ([, run]) => run.base))) {
    const path = find(base)
    const pipeline = path === undefined ? undefined : await openPipeline(path)
    for (const [name, run] of own ?? []) {
      if (!pipeline) results.push(skipped(name, `The base ${base} is not in the folder.`))
      else results.push(...(await checkRun(folder, name, run, { pipeline, guide: await guideOf(run, pipeline, find) })))
    }
    await pipeline?.sessions.release()
  }
  return results
}

interface Plugged {
  readonly pipeline: Pipeline
  readonly guide: Guide | undefined
}

async function guideOf({ guide }: FamilyRun, { base }: Pipeline, find: FindCase): Promise<Guide | undefined> {
  const path = guide === null ? undefined : find(`guide-${guide}.safetensors`)
  return path === undefined ? undefined : loadGuide(asGuide(await describeModel(path)), base)
}

async function checkRun(
  folder: string,
  name: string,
  run: FamilyRun,
  { pipeline, guide }: Plugged,
): Promise<ParityResult[]> {
  const recorded = await loadTensors(join(folder, `${name}.safetensors`))
  const wanted = (key: string): Float64Array => numbers(recorded.get(key) as Recorded)
  const [height, width] = run.size
  const settings = {
    ...run,
    method: run.method as MethodName,
    sampler: 'ddim',
    schedule: 'trailing',
    count: 1,
    clipSkip: 1,
    width,
    height,
  } as const
  const results: ParityResult[] = []
  const judge = (key: string, got: ArrayLike<number>, want: Float64Array, scale: number) => {
    const largest = want.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    results.push(judged(`${name} ${key}`, largestError(got, want), largest * scale))
  }
  for await (const { trace } of generate(pipeline, settings, { guide })) {
    const states = [trace.noise[0] as Float32Array, ...trace.latents]
    judge('noise.0', states[0] as Float32Array, wanted('noise.0'), share.latents)
    // A plain run is told the prompt alone; both were recorded.
    const context = wanted('context').subarray(-(trace.context.length * sizeOf(trace)))
    judge(
      'context',
      trace.context.flatMap(row => [...row]),
      context,
      share.latents,
    )
    judge(
      'inputs',
      states.slice(0, -1).flatMap(state => [...state]),
      wanted('inputs'),
      share.latents,
    )
    judge('outputs', await outputs({ pipeline, guide }, run, trace, recorded), wanted('outputs'), share.latents)
    judge('latents.last', trace.latents.at(-1) ?? [], wanted('latents.last'), share.latents)
    judge('image', trace.image, wanted('image'), share.image)
  }
  return results.length > 0 ? results : [failed(name, 'No picture came.')]
}

const sizeOf = ({ contextShape: [tokens, width] }: Trace): number => tokens * width

/** The guided prediction for each recorded input: the network alone, without what a sampler makes of it. */
async function outputs(
  { pipeline, guide }: Plugged,
  run: FamilyRun,
  trace: Trace,
  recorded: ReadonlyMap<string, Recorded>,
) {
  const session = await pipeline.sessions.unet(guide)
  const { means, width } = await condition(pipeline, { ...run, guided: true, clipSkip: 1 })
  const twice = (row: Float32Array | undefined) => f32(Float32Array.from([...(row ?? []), ...(row ?? [])]), [2, width])
  const inputs = Float32Array.from(numbers(recorded.get('inputs') as Recorded))
  const context = Float32Array.from(numbers(recorded.get('context') as Recorded))
  const size = inputs.length / run.steps
  const all: number[] = []
  for (const [step, timestep] of trace.timesteps.entries()) {
    const one = inputs.subarray(step * size, (step + 1) * size)
    const { prediction } = await session.run({
      sample: f32(Float32Array.from([...one, ...one]), [2, ...trace.latentShape.slice(1)]),
      timestep: f32(Float32Array.of(timestep, timestep)),
      context: f32(context, [2, ...trace.contextShape]),
      ...(guide && {
        guidance: f32(Float32Array.of(run.guidance, run.guidance)),
        positive: twice(means.positive),
        negative: twice(means.negative),
      }),
    })
    const both = prediction?.data as Float32Array
    for (let i = 0; i < size; i++) {
      const [negative, positive] = [both[i] as number, both[size + i] as number]
      all.push(run.method !== 'cfg' ? positive : negative + run.guidance * (positive - negative))
    }
  }
  return all
}
