import { basename } from 'node:path'
import { asBase } from '../checkpoint/as-base.ts'
import { asGuide } from '../checkpoint/as-guide.ts'
import { describeModel } from '../checkpoint/describe.ts'
import { UserError } from '../errors.ts'
import { type AssembleOptions, assemble, type Pipeline } from '../pipelines/assemble.ts'
import { fitColours, type LatentColours } from '../pipelines/colours.ts'
import { type Guide, loadGuide } from '../pipelines/guide.ts'
import type { PredictionType } from '../samplers/schedule.ts'
import { fingerprint } from './fingerprint.ts'
import { judged } from './model-fault.ts'

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
}

type OpenOptions = Pick<AssembleOptions, 'merges' | 'target'>

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
   * The pipeline of a model file or folder, made anew where a file was changed since. Throws `UserError` where it is
   * no base to paint with, `ModelFault` where its own files are at fault.
   */
  async open(path: string, options: OpenOptions): Promise<CachedPipeline> {
    const key = JSON.stringify([path, options])
    const mark = await fingerprint(path)
    const known = this.#entries.get(key)
    this.#entries.delete(key)
    if (known && known.mark !== mark) await known.pipeline.sessions.release()
    const entry = known?.mark === mark ? known : await this.#assemble(path, options, mark)
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

  async #assemble(path: string, options: OpenOptions, mark: string): Promise<Entry> {
    const beforeLoad = async (bytes: number) => {
      // The runtime maps the files: what was read of their headers must still be true.
      if ((await fingerprint(path)) !== mark)
        throw new UserError(`${basename(path)} was changed while it was in use.`, 'Paint again.')
      await this.#makeRoom(bytes)
    }
    const model = await describeModel(path)
    const pipeline = await judged(() => assemble(asBase(model), { ...options, budget: this.#budget, beforeLoad }))
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

/** Reads guides for a base; the last one is kept, which is also the one that its UNet may hold. */
function guidesFor({ base }: Pipeline): CachedPipeline['guide'] {
  let last: { readonly key: string; readonly guide: Guide } | undefined
  return async (path, prediction) => {
    const key = `${prediction} ${path} ${await fingerprint(path)}`
    if (last?.key !== key) last = { key, guide: await loadGuide(asGuide(await describeModel(path)), base, prediction) }
    return last.guide
  }
}
