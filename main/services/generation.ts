import { randomInt } from 'node:crypto'
import { basename, extname } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { hashModel } from '../../models/checkpoint/hashes.ts'
import { assemble } from '../../models/pipelines/assemble.ts'
import { type GenerateOptions, generate, type Trace } from '../../models/pipelines/generate.ts'
import type { GenerateSettings, InitPicture } from '../../models/pipelines/settings.ts'
import type { Timings } from '../../models/pipelines/stopwatch.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { type GenerateRequest, generateRequest } from '../../preload/contract/generation.ts'
import { readPixels } from '../gallery/pixels.ts'
import type { PictureSettings } from '../gallery/settings.ts'
import { requireWritable, writePicture } from '../gallery/write.ts'
import { shipped } from '../paths.ts'

/** A picture that lies on disk. */
export interface SavedPicture {
  readonly path: string
  readonly settings: PictureSettings
  readonly passes: number
  readonly seconds: Timings
  readonly trace: Trace
}

interface GenerationOptions extends GenerateOptions {
  /** The PNG file of each picture. */
  readonly place: (index: number) => string
}

/**
 * Paints what is asked for and writes each picture as soon as it is done. Throws `UserError` for a request that
 * cannot be met, and the signal's reason when cancelled; pictures that were done stay.
 */
export async function* generatePictures(
  request: GenerateRequest,
  { place, ...options }: GenerationOptions,
): AsyncGenerator<SavedPicture, void, void> {
  const asked = generateRequest.parse(request)
  await requireWritable(place(0))
  const base = asBase(await describeModel(asked.base ?? shipped.demo))
  const pipeline = await assemble(base, { merges: shipped.merges })
  try {
    const width = asked.width ?? pipeline.nativeSize
    const height = asked.height ?? pipeline.nativeSize
    const settings: GenerateSettings = {
      ...asked,
      width,
      height,
      sampler: asked.sampler ?? pipeline.sampler ?? 'euler',
      prediction: asked.prediction === 'v' ? 'v_prediction' : asked.prediction,
      seed: asked.seed ?? randomInt(2 ** 32),
      init: asked.init === undefined ? undefined : await initPicture(asked.init, width, height, asked.strength),
    }
    const name = await baseName(base, options.signal)
    let index = 0
    for await (const { pixels: data, passes, seconds, trace, seed } of generate(pipeline, settings, options)) {
      const recorded = recordedSettings(settings, seed, name)
      const path = place(index++)
      await writePicture(path, { width, height, data }, recorded)
      yield { path, settings: recorded, passes, seconds, trace }
    }
  } finally {
    await pipeline.sessions.release()
  }
}

async function initPicture(path: string, width: number, height: number, strength: number): Promise<InitPicture> {
  return { pixels: await readPixels(path, width, height), strength }
}

/** How a picture names its base: a file with its hash, a folder by its name alone. */
async function baseName({ path, layout }: BaseCheckpoint, signal?: AbortSignal): Promise<PictureSettings['base']> {
  if (layout === 'diffusers') return { name: basename(path) }
  return { name: basename(path, extname(path)), hash: (await hashModel(path, signal)).autoV2 }
}

function recordedSettings(
  { prompt, negative, method, guidance, steps, sampler, schedule, width, height, clipSkip, ...rest }: GenerateSettings,
  seed: number,
  base: PictureSettings['base'],
): PictureSettings {
  return {
    prompt,
    negative,
    method,
    guidance,
    steps,
    sampler,
    schedule,
    seed,
    width,
    height,
    base,
    ...(clipSkip > 1 && { clipSkip }),
    ...(rest.init && { strength: rest.init.strength }),
    ...(rest.prediction && { predictionType: rest.prediction }),
    version: packageFile.version,
  }
}
