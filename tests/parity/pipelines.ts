import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { assemble, type Pipeline } from '../../models/pipelines/assemble.ts'
import { generate, type Trace } from '../../models/pipelines/generate.ts'
import { readMask, readPixels } from '../../models/pipelines/pixels.ts'
import type { GenerateSettings } from '../../models/pipelines/settings.ts'
import { scheduleFromDiffusers } from '../../models/samplers/diffusers.ts'
import { loadTensors, type Recorded } from '../support/safetensors.ts'
import { splice } from '../support/splice.ts'
import { numbers } from './networks.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

interface PipelineRun {
  base: string
  /** A file whose conv_in.weight takes the place of the base's: an inpainting base of the same weights. */
  convIn?: string
  kind?: 'text2img' | 'img2img' | 'inpaint'
  sampler: string
  guidance: number
  rescale?: number
  seed: number
  size: [height: number, width: number]
  steps: number
  strength?: number
  prompt: string
  negative?: string | null
  scheduler: { class: string } & Record<string, unknown>
}

interface PipelineCase {
  runs: Record<string, PipelineRun>
  tolerance: Record<string, Record<string, number[] | number>>
}

/** Where the folder of another case lies, by its name. */
export type FindCase = (name: string) => string | undefined

/** Whole pictures: noise, conditioning, every step's latents, image; from the single file and from the folder. */
export async function check(folder: string, find: FindCase): Promise<ParityResult[]> {
  const { runs, tolerance }: PipelineCase = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  const results: ParityResult[] = []
  const work = await mkdtemp(join(tmpdir(), 'cicerone-pipelines-'))
  try {
    for (const own of Map.groupBy(Object.entries(runs), ([, run]) => `${run.base} ${run.convIn}`).values()) {
      const { base, convIn } = (own[0] as (typeof own)[number])[1]
      const place = find(base)
      if (!place) {
        results.push(...own.map(([name]) => skipped(name, `The base ${base} is not in the folder.`)))
        continue
      }
      for (const form of [`${base}.safetensors`, 'folder']) {
        const path = join(place, form)
        if (!existsSync(path) || (convIn !== undefined && form === 'folder')) continue
        const pipeline = await openPipeline(
          convIn === undefined ? path : await widened(path, join(folder, convIn), join(work, basename(path))),
        )
        for (const [name, run] of own) {
          const title = `${name} ${form}`
          const reason = unsupported(run)
          if (reason !== undefined) results.push(skipped(title, reason))
          else results.push(...(await checkRun(title, folder, name, run, tolerance[name] ?? {}, pipeline)))
        }
        await pipeline.sessions.release()
      }
    }
  } finally {
    await rm(work, { recursive: true })
  }
  return results
}

async function widened(path: string, convIn: string, to: string): Promise<string> {
  await splice(path, 'model.diffusion_model.input_blocks.0.0.weight', convIn, 'conv_in.weight', to)
  return to
}

/** The pipeline of a base. */
export const openPipeline = async (path: string): Promise<Pipeline> =>
  assemble(asBase(await describeModel(path)), { merges: shipped.merges })

/** The case names the class as the code does, a scheduler file as diffusers writes it. */
const scheduleOf = ({ scheduler }: PipelineRun) => scheduleFromDiffusers({ ...scheduler, _class_name: scheduler.class })

function unsupported(run: PipelineRun): string | undefined {
  const { sampler, kind = 'text2img' } = run
  if (!['text2img', 'img2img', 'inpaint'].includes(kind)) return `${kind} is not supported yet.`
  return scheduleOf(run).sampler === undefined ? `The sampler ${sampler} is not supported yet.` : undefined
}

async function checkRun(
  title: string,
  folder: string,
  name: string,
  run: PipelineRun,
  tolerance: Record<string, number[] | number>,
  pipeline: Pipeline,
): Promise<ParityResult[]> {
  const recorded = await loadTensors(join(folder, `${name}.expected.safetensors`))
  const { config, sampler = 'euler' } = scheduleOf(run)
  const [height, width] = run.size
  const settings: GenerateSettings = {
    prompt: run.prompt,
    negative: run.negative ?? undefined,
    method: 'cfg',
    guidance: run.guidance,
    rescale: run.rescale,
    steps: run.steps,
    sampler,
    schedule: 'auto',
    seed: run.seed,
    count: 1,
    width,
    height,
    clipSkip: 1,
    init:
      run.kind === 'img2img' || run.kind === 'inpaint'
        ? {
            pixels: await readPixels(join(folder, `${name}.init.png`), width, height),
            strength: run.strength ?? Number.NaN,
            ...(run.kind === 'inpaint' && { mask: await readMask(join(folder, `${name}.mask.png`), width, height) }),
          }
        : undefined,
  }
  for await (const { trace } of generate({ ...pipeline, schedule: config }, settings))
    return compare(title, trace, recorded, tolerance)
  return [failed(title, 'No picture came.')]
}

function compare(
  title: string,
  trace: Trace,
  recorded: ReadonlyMap<string, Recorded>,
  tolerance: Record<string, number[] | number>,
): ParityResult[] {
  const results: ParityResult[] = []
  const judge = (key: string, got: ArrayLike<number>, want: ArrayLike<number> | undefined, atol: number) =>
    results.push(
      want ? judged(`${title} ${key}`, largestError(got, want), atol) : failed(`${title} ${key}`, 'Not recorded.'),
    )
  const wanted = (key: string) => {
    const found = recorded.get(key)
    return found && numbers(found)
  }
  const noises = [...recorded.keys()].filter(key => key.startsWith('noise.'))
  for (const key of noises) judge(key, trace.noise[Number(key.slice(6))] ?? [], wanted(key), 2e-6)
  judge('timesteps', trace.timesteps, wanted('timesteps'), 1e-3)
  // Left out where another case has it already.
  if (recorded.has('context') || !noises.includes('noise.1'))
    judge(
      'context',
      trace.context.flatMap(row => [...row]),
      wanted('context'),
      8e-5,
    )
  const [relative] = Object.entries(tolerance).flatMap(([key, value]) => (key.startsWith('latents') ? [value] : []))
  const latents = wanted('latents')
  const size = (latents?.length ?? 0) / trace.latents.length
  for (const [step, state] of trace.latents.entries()) {
    const want = latents?.subarray(step * size, (step + 1) * size)
    const largest = want?.reduce((max, value) => Math.max(max, Math.abs(value)), 0) ?? Number.NaN
    const share = (Array.isArray(relative) ? relative[step] : relative) ?? Number.NaN
    judge(`latents.${step}`, state, want, share * largest)
  }
  judge('image', trace.image, wanted('image'), Number(tolerance.image))
  return results
}
