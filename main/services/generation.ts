import { randomInt } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { asLora } from '../../models/checkpoint/as-lora.ts'
import { asVae } from '../../models/checkpoint/as-vae.ts'
import type { BaseCheckpoint, Overrides } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import type { GuideFacts } from '../../models/checkpoint/guide-metadata.ts'
import { hashModel } from '../../models/checkpoint/hashes.ts'
import { assemble, plugged } from '../../models/pipelines/assemble.ts'
import { type GenerateOptions, generate, type Picture, type Trace } from '../../models/pipelines/generate.ts'
import { loadGuide } from '../../models/pipelines/guide.ts'
import { loadLora } from '../../models/pipelines/lora/load.ts'
import { unusedNotes } from '../../models/pipelines/lora/unused.ts'
import { resolveSettings } from '../../models/pipelines/resolve.ts'
import type { Timings } from '../../models/pipelines/stopwatch.ts'
import { type GenerateRequest, generateRequest, predictionTypeOf } from '../../preload/contract/generation.ts'
import type { PictureSettings } from '../gallery/settings.ts'
import { requireWritable, writePicture } from '../gallery/write.ts'
import type { Beside } from '../library/beside.ts'
import type { ModelChoice } from '../library/choice.ts'
import { stemOf } from '../library/facts.ts'
import { guidedBy, reportPair, shippedGuide } from '../library/guides.ts'
import { LibraryWorker } from '../library/worker/worker.ts'
import { shipped } from '../paths.ts'
import { namedModels, recordedSettings } from '../queue/recorded.ts'
import { initOf } from '../queue/request.ts'
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
  /** What of its LoRAs matches nothing, one sentence each. */
  readonly notes: readonly string[]
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
  /** What is said of the base for good. */
  readonly overrides?: Overrides | undefined
  /** Finds the device that is asked for. */
  readonly devices: Pick<Devices, 'target'>
  /** The hash of the base's file where it is known; it is computed where this is left out. */
  readonly hash?: (() => Promise<string | undefined>) | undefined
  /** The guides that there are; the shipped one where this is left out. */
  readonly guides?: readonly ModelChoice[] | undefined
  /** The VAE, LoRAs and embeddings that go with it; none where it is left out. */
  readonly beside?: Beside | undefined
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
 * Paints what is asked for, without an engine of its own, and keeps each picture as soon as it is done; `base`, `vae`
 * and `guide` are paths. Throws `UserError` for a request that cannot be met, and the signal's reason when cancelled; pictures that were
 * done stay.
 */
export async function* generatePictures(
  request: GenerateRequest,
  {
    keeper,
    devices,
    overrides,
    hash,
    guides = [shippedGuide],
    beside = { embeddings: [], loras: [] },
    ...options
  }: GenerationOptions,
): AsyncGenerator<SavedPicture, void, void> {
  const asked = generateRequest.parse(request)
  const { vae, loras, embeddings } = beside
  const base = asBase(
    await describeModel(asked.base ?? shipped.demo, overrides),
    vae && asVae(await describeModel(vae.path)),
  )
  const wanted = asked.guide === undefined ? undefined : guideAt(asked.guide)
  const choice = { base: { path: base.path, ...(overrides && { overrides }) }, wanted, guides, report: reportPair }
  const { method, guide: chosen } = await guidedBy(asked, choice)
  const checkpoint = chosen && asGuide(await describeModel(chosen.path))
  const guide = checkpoint && (await loadGuide(checkpoint, base, predictionTypeOf(asked.prediction)))
  const strong = await Promise.all(
    loras.map(async ({ choice, ...own }) => ({
      lora: await loadLora(asLora(await describeModel(choice.path)), base),
      ...own,
    })),
  )
  const target = await devices.target(asked)
  const pipeline = plugged(await assemble(base, { merges: shipped.merges, target }), strong)
  const worker = new LibraryWorker()
  try {
    await keeper.prepare()
    const settings = await resolveSettings(pipeline, {
      ...asked,
      method,
      prediction: predictionTypeOf(asked.prediction),
      embeddings,
      seed: asked.seed ?? randomInt(2 ** 32),
      init: initOf(asked),
    })
    // Read while the first picture is painted, on another thread: a file of some gigabytes takes its time.
    const naming = namedModels({
      base: { name: nameOf(asked.base ?? shipped.demo, base), hash: hash ?? (() => hashOf(base, worker)) },
      ...{ guide: chosen, vae, loras, embeddings },
    })
    naming.catch(() => undefined)
    let index = 0
    for await (const picture of generate(pipeline, settings, { ...options, guide })) {
      const { seed, passes, seconds, trace } = picture
      const recorded = recordedSettings(settings, { seed, begun: asked, ...(await naming) })
      yield {
        path: await keeper.keep(picture, recorded, index++),
        settings: recorded,
        passes,
        seconds,
        trace,
        unused: pipeline.unused,
        notes: unusedNotes(pipeline.loras),
        untrained: checkpoint && untrained(checkpoint.facts, settings.guidance),
      }
    }
  } finally {
    await pipeline.sessions.release()
    await worker.close()
  }
}

function untrained({ guidance: trained }: GuideFacts, guidance: number): string | undefined {
  if (!trained || guidance === 1 || (guidance >= trained[0] && guidance <= trained[1])) return undefined
  return `The guide was trained for guidance scales from ${trained.join(' to ')}; at ${guidance} it may be far from CFG.`
}

/** A folder has no hash. */
async function hashOf({ path, layout }: BaseCheckpoint, worker: LibraryWorker): Promise<string | undefined> {
  return layout === 'diffusers' ? undefined : (await worker.ask('hash', path)).autoV2
}

/** How a picture names its base: by the file's or folder's name. */
const nameOf = (path: string, { layout }: BaseCheckpoint): string =>
  layout === 'diffusers' ? basename(path) : stemOf(path)

/** The guide of a path, or the shipped one by its id. */
const guideAt = (given: string): ModelChoice =>
  given === shippedGuide.ref || resolve(given) === shipped.guide ? shippedGuide : fileAt(given)

/** The model of a path. A folder has no hash. */
export const fileAt = (given: string): ModelChoice => ({
  ref: given,
  path: resolve(given),
  name: stemOf(given),
  hash: async () => (await hashModel(given)).autoV2,
})

/** The LoRA of a path. */
export const loraAt = (given: string): ModelChoice => ({
  ...fileAt(given),
  hash: async () => (await hashModel(given)).autoV3,
})
