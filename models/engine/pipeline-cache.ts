import { basename } from 'node:path'
import { asBase } from '../checkpoint/as-base.ts'
import { asGuide } from '../checkpoint/as-guide.ts'
import { asLora } from '../checkpoint/as-lora.ts'
import { asVae } from '../checkpoint/as-vae.ts'
import type { Overrides } from '../checkpoint/checkpoint.ts'
import { describeModel } from '../checkpoint/describe.ts'
import { ModelFault, UserError } from '../errors.ts'
import { type AssembleOptions, assemble, type Pipeline } from '../pipelines/assemble.ts'
import { fitColours, type LatentColours } from '../pipelines/colours.ts'
import { type Guide, loadGuide } from '../pipelines/guide.ts'
import { type Lora, loadLora } from '../pipelines/lora/load.ts'
import type { PredictionType } from '../samplers/schedule.ts'
import { fingerprint } from './fingerprint.ts'

/** A base that is ready to paint, kept for the next request. */
export interface CachedPipeline {
  readonly pipeline: Pipeline
  /** Loads the decoder the first time. */
  colours(): Promise<LatentColours>
  /**
   * The guide of a file, read anew where it was changed. Throws `UserError` where it does not fit the base, which is
   * said to predict `prediction`.
   */
  guide(path: string, prediction: PredictionType | undefined): Promise<Guide>
  /** The LoRA of a file, read anew where it was changed. Throws `UserError` where it does not fit the base. */
  lora(path: string): Promise<Lora>
}

interface Opening extends Pick<AssembleOptions, 'merges' | 'target'> {
  readonly overrides?: Overrides | undefined
  /** File or folder. */
  readonly vae?: string | undefined
}

interface Entry extends CachedPipeline {
  readonly mark: string
}

/** Bases whose headers are kept; their weights are under the budget. */
const mostBases = 8

/** Pipelines by their base, and what they hold in memory: what was not used for longest goes first. */
export class PipelineCache {
  /** The last one used is the last. */
  readonly #entries = new Map<string, Entry>()
  readonly #budget: number
  #frugal = false

  /** @param budget bytes that all weights together may take, counted as f32 */
  constructor(budget: number) {
    this.#budget = budget
  }

  /**
   * The pipeline of a model file or folder of which `overrides` are believed, with another VAE than its own where one is
   * named, made anew where a file was changed since. Throws `UserError` where it is no base to paint with or the VAE
   * does not fit, `ModelFault` where its own files are at fault.
   */
  async open(path: string, { vae, ...how }: Opening): Promise<CachedPipeline> {
    const paths = vae === undefined ? [path] : [path, vae]
    const key = JSON.stringify([paths, how])
    const mark = await markOf(paths)
    const known = this.#entries.get(key)
    this.#entries.delete(key)
    if (known && known.mark !== mark) await known.pipeline.sessions.release()
    const entry = known?.mark === mark ? known : await this.#assemble(paths, how, mark)
    this.#entries.set(key, entry)
    for (const [other, { pipeline }] of [...this.#entries].slice(0, -mostBases)) {
      this.#entries.delete(other)
      await pipeline.sessions.release()
    }
    return entry
  }

  /** Gives everything back, and from now on keeps only the one network that runs, or as many as fit again. */
  async beFrugal(frugal: boolean): Promise<void> {
    this.#frugal = frugal
    await this.release()
  }

  async release(): Promise<void> {
    for (const { pipeline } of this.#entries.values()) await pipeline.sessions.release()
  }

  async #assemble(
    paths: readonly string[],
    { overrides, ...options }: Omit<Opening, 'vae'>,
    mark: string,
  ): Promise<Entry> {
    const beforeLoad = async (bytes: number) => {
      // The runtime maps the files: what was read of their headers must still be true.
      if ((await markOf(paths)) !== mark)
        throw new UserError(
          `${paths.map(each => basename(each)).join(' or ')} was changed while it was in use.`,
          'Paint again.',
        )
      await this.#makeRoom(bytes)
    }
    const [path = '', vaePath] = paths
    const model = await describeModel(path, overrides)
    const vae = vaePath === undefined ? undefined : asVae(await describeModel(vaePath))
    // A VAE that does not fit is no fault of the base's.
    const base = vae ? asBase(model, vae) : await judged(async () => asBase(model))
    const pipeline = await judged(() => assemble(base, { ...options, budget: this.#budget, beforeLoad }))
    let fitted: Promise<LatentColours> | undefined
    return {
      pipeline,
      mark,
      colours() {
        fitted ??= fitColours(pipeline)
        fitted.catch(() => (fitted = undefined))
        return fitted
      },
      guide: guidesFor(pipeline),
      lora: lorasFor(pipeline),
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const loaded = [...this.#entries.values()]
      .flatMap(({ pipeline }) => pipeline.sessions.loaded())
      .toSorted((a, b) => a.used - b.used)
    let taken = loaded.reduce((sum, session) => sum + session.bytes, 0)
    const budget = this.#frugal ? 0 : this.#budget
    for (const session of loaded) {
      if (taken + bytes <= budget) return
      await session.release()
      taken -= session.bytes
    }
  }
}

/** Does what follows from a base's headers alone: what is refused there is the base's fault, but for what the system refuses. */
async function judged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isOfSystem = error instanceof Error && error.cause instanceof Error && 'code' in error.cause
    if (!(error instanceof UserError) || isOfSystem) throw error
    throw new ModelFault(error.message, error.hint, { cause: error })
  }
}

const markOf = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all(paths.map(fingerprint))).join('\n\n')

/** Reads guides for a base; the last one is kept, which is also the one that its UNet may hold. */
function guidesFor({ base }: Pipeline): CachedPipeline['guide'] {
  let last: { readonly key: string; readonly guide: Guide } | undefined
  return async (path, prediction) => {
    const key = `${prediction} ${path} ${await fingerprint(path)}`
    if (last?.key !== key) last = { key, guide: await loadGuide(asGuide(await describeModel(path)), base, prediction) }
    return last.guide
  }
}

/** LoRAs whose matching with a base is kept; a request has fewer. */
const mostLoras = 64

/** Holds LoRAs against a base. Networks are told apart by what is plugged into them, so an unchanged file has to stay the same LoRA. */
function lorasFor({ base }: Pipeline): CachedPipeline['lora'] {
  const known = new Map<string, Promise<Lora>>()
  return async path => {
    const key = `${path} ${await fingerprint(path)}`
    const lora = known.get(key) ?? describeModel(path).then(model => loadLora(asLora(model), base))
    known.delete(key)
    known.set(key, lora)
    lora.catch(() => known.delete(key))
    for (const old of [...known.keys()].slice(0, -mostLoras)) known.delete(old)
    return lora
  }
}
