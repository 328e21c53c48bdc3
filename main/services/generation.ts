import { randomInt } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import type { BaseCheckpoint } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import type { GuideFacts } from '../../models/checkpoint/guide-metadata.ts'
import { hashModel } from '../../models/checkpoint/hashes.ts'
import { assemble } from '../../models/pipelines/assemble.ts'
import { type GenerateOptions, generate, type Picture, type Trace } from '../../models/pipelines/generate.ts'
import { loadGuide } from '../../models/pipelines/guide.ts'
import { resolveSettings } from '../../models/pipelines/resolve.ts'
import type { Timings } from '../../models/pipelines/stopwatch.ts'
import { type GenerateRequest, generateRequest, predictionTypeOf } from '../../preload/contract/generation.ts'
import type { PictureSettings } from '../gallery/settings.ts'
import { requireWritable, writePicture } from '../gallery/write.ts'
import type { ModelChoice } from '../library/choice.ts'
import { stemOf } from '../library/facts.ts'
import { guidedBy, reportPair, shippedGuide } from '../library/guides.ts'
import { shipped } from '../paths.ts'
import { recordedSettings } from '../queue/recorded.ts'
import type { Devices } from './devices.ts'

/** A picture that lies on disk. */
export interface SavedPicture {
  readonly path: string
  readonly settings: PictureSettings
  readonly passes: number
  readonly seconds: Timings
  readonly trace: Trace
  /** Keys of the base's file that no network uses. */
  readonly unused: readonly string[]
  /** What its guide was not trained for, in one sentence. */
  readonly untrained: string | undefined
}

/** Where pictures go. */
export interface Keeper {
  /** Throws `UserError` where nothing can be kept, before hours have gone into a picture. */
  prepare(): Promise<void>
  /** Keeps a picture; the path of its file. */
  keep(picture: Picture, settings: PictureSettings, index: number): Promise<string>
}

interface GenerationOptions extends Omit<GenerateOptions, 'signal'> {
  readonly signal?: AbortSignal | undefined
  readonly keeper: Keeper
  /** Finds the device that is asked for. */
  readonly devices: Pick<Devices, 'target'>
  /** The hash of the base's file where it is known; it is computed where this is left out. */
  readonly hash?: (() => Promise<string | undefined>) | undefined
  /** The guides that there are; the shipped one where this is left out. */
  readonly guides?: readonly ModelChoice[] | undefined
}

/** Keeps each picture as a PNG of its own: `place` names the file. */
export const toFiles = (place: (index: number) => string): Keeper => ({
  prepare: () => requireWritable(place(0)),
  async keep({ pixels: data, width, height }, settings, index) {
    const path = place(index)
    await writePicture(path, { width, height, data }, settings)
    return path
  },
})

/**
 * Paints what is asked for, without an engine of its own, and keeps each picture as soon as it is done; `base` and
 * `guide` are paths. Throws `UserError` for a request that cannot be met, and the signal's reason when cancelled; pictures that were
 * done stay.
 */
export async function* generatePictures(
  request: GenerateRequest,
  { keeper, devices, hash, guides = [shippedGuide], ...options }: GenerationOptions,
): AsyncGenerator<SavedPicture, void, void> {
  const asked = generateRequest.parse(request)
  const base = asBase(await describeModel(asked.base ?? shipped.demo))
  const wanted = asked.guide === undefined ? undefined : guideAt(asked.guide)
  const choice = { base: base.path, wanted, guides, report: reportPair }
  const { method, guide: chosen } = await guidedBy(asked, choice)
  const checkpoint = chosen && asGuide(await describeModel(chosen.path))
  const guide = checkpoint && (await loadGuide(checkpoint, base, predictionTypeOf(asked.prediction)))
  const target = await devices.target(asked)
  const pipeline = await assemble(base, { merges: shipped.merges, target })
  try {
    await keeper.prepare()
    const settings = await resolveSettings(pipeline, {
      ...asked,
      method,
      prediction: predictionTypeOf(asked.prediction),
      seed: asked.seed ?? randomInt(2 ** 32),
      init: asked.init === undefined ? undefined : { path: asked.init, strength: asked.strength },
    })
    const strength = settings.init?.strength
    const autoV2 = await (hash ? hash() : hashOf(base, options.signal))
    const name = nameOf(asked.base ?? shipped.demo, base)
    let index = 0
    const guideHash = await chosen?.hash()
    for await (const picture of generate(pipeline, settings, { ...options, guide })) {
      const { seed, passes, seconds, trace } = picture
      const recorded = recordedSettings(settings, {
        ...{ seed, strength },
        base: { name, ...(autoV2 !== undefined && { hash: autoV2 }) },
        guide: chosen && { name: chosen.name, ...(guideHash !== undefined && { hash: guideHash }) },
      })
      yield {
        path: await keeper.keep(picture, recorded, index++),
        settings: recorded,
        passes,
        seconds,
        trace,
        unused: pipeline.unused,
        untrained: checkpoint && untrained(checkpoint.facts, settings.guidance),
      }
    }
  } finally {
    await pipeline.sessions.release()
  }
}

function untrained({ guidance: trained }: GuideFacts, guidance: number): string | undefined {
  if (!trained || guidance === 1 || (guidance >= trained[0] && guidance <= trained[1])) return undefined
  return `The guide was trained for guidance scales from ${trained.join(' to ')}; at ${guidance} it may be far from CFG.`
}

/** A folder has no hash. */
async function hashOf({ path, layout }: BaseCheckpoint, signal?: AbortSignal): Promise<string | undefined> {
  return layout === 'diffusers' ? undefined : (await hashModel(path, signal)).autoV2
}

/** How a picture names its base: by the file's or folder's name. */
const nameOf = (path: string, { layout }: BaseCheckpoint): string =>
  layout === 'diffusers' ? basename(path) : stemOf(path)

/** The guide of a path, or the shipped one by its id. */
const guideAt = (given: string): ModelChoice =>
  given === shippedGuide.ref || resolve(given) === shipped.guide
    ? shippedGuide
    : {
        ref: given,
        path: resolve(given),
        name: stemOf(given),
        hash: async () => (await hashModel(given)).autoV2,
      }
