import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Engine } from '../../models/engine/engine.ts'
import { ModelFault } from '../../models/errors.ts'
import type { ModelRow } from '../database/queries/models.ts'
import { shipped } from '../paths.ts'
import type { Catalog } from './catalog.ts'
import { overridesOf } from './overrides.ts'

const trialsKey = 'library.untried'
const side = 256
const steps = 2

/** When the engine has nothing else to do. */
export interface Idleness {
  readonly isIdle: boolean
  /** Told whenever `isIdle` changes. */
  onChange(listener: () => void): void
  /** Does something that training makes way for; `free` is fulfilled when it has. */
  aside<T>(work: (free: Promise<void>) => Promise<T>): Promise<T>
}

/**
 * Paints a small picture with each base that was imported, while nothing else is painted: what only the numbers show
 * (a NaN among them) makes the model unusable, with its sentence. What says nothing of the model, memory that is short
 * or a drive that is away, leaves it untried until the studio is started again. The picture is the preview of a model
 * that has none.
 */
export class Trials {
  readonly #catalog: Catalog
  readonly #engine: Engine
  readonly #idleness: Idleness
  #untried: readonly string[] = []
  /** Those that could not be tried, and are not again while the studio runs. */
  readonly #putOff = new Set<string>()
  /** Changes to the list go one after another. */
  #last: Promise<unknown> = Promise.resolve()
  #current: AbortController | undefined
  #closed = false
  #running: Promise<void> = Promise.resolve()

  constructor(catalog: Catalog, engine: Engine, idleness: Idleness) {
    this.#catalog = catalog
    this.#engine = engine
    this.#idleness = idleness
    idleness.onChange(() => (idleness.isIdle ? this.#goOn() : this.#current?.abort()))
  }

  /** Reads the list, and again when a command beside the studio may have written it. */
  async open(): Promise<void> {
    await this.#keep(() => untried(this.#catalog))
    this.#goOn()
  }

  /** Tries a model as soon as there is time for it. */
  async add(row: ModelRow): Promise<void> {
    const { id } = row
    if (!isToBeTried(row)) return
    this.#putOff.delete(id)
    await this.#change(ids => [...ids, id])
    this.#goOn()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#current?.abort()
    await this.#running
  }

  #goOn(): void {
    if (this.#current || this.#closed || !this.#idleness.isIdle) return
    const next = this.#untried.find(id => !this.#putOff.has(id))
    if (next === undefined) return
    const controller = new AbortController()
    this.#current = controller
    const { signal } = controller
    const tried = this.#idleness.aside(async free => {
      await free
      signal.throwIfAborted()
      await this.#try(next, signal)
    })
    this.#running = tried.then(
      () => {
        this.#current = undefined
        this.#goOn()
      },
      // Another request came first, or the studio closes: the model stays in the list and is tried again.
      () => {
        this.#current = undefined
        if (signal.aborted) this.#goOn()
      },
    )
  }

  async #try(id: string, signal: AbortSignal): Promise<void> {
    const row = await this.#catalog.database.models.get(id)
    if (row?.usable && !(await this.#judge(row, signal))) this.#putOff.add(id)
    else await this.#change(ids => ids.filter(other => other !== id))
  }

  /** Whether it came to light how the model is. */
  async #judge(row: ModelRow, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#paint(row, signal)
      return true
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ModelFault)) return false
      await this.#catalog.database.models.change(row.id, { usable: false, problem: error.message })
      this.#catalog.tellChanged()
      return true
    }
  }

  async #paint(row: ModelRow, signal: AbortSignal): Promise<void> {
    const { database, places } = this.#catalog
    const size = Math.min(side, row.nativeSize ?? side)
    const words = {
      prompt: 'a photo',
      negative: '',
      method: 'none',
      guidance: 1,
      schedule: 'auto',
      clipSkip: 1,
    } as const
    const numbers = { steps, seed: 0, count: 1, width: size, height: size }
    const request = {
      base: places.whole(row.path),
      overrides: overridesOf(row),
      merges: shipped.merges,
      ...words,
      ...numbers,
    }
    await this.#engine.generate(request, {
      signal,
      onPicture: async ({ pixels, width, height }) => {
        if (row.preview !== null) return
        const path = join(places.previews, `${row.id}.webp`)
        await mkdir(places.previews, { recursive: true })
        await writeFile(
          path,
          await sharp(pixels, { raw: { width, height, channels: 3 } })
            .webp()
            .toBuffer(),
        )
        await database.models.change(row.id, { preview: places.kept(path) })
        this.#catalog.tellChanged()
      },
    })
  }

  #change(change: Change): Promise<void> {
    return this.#keep(() => rewrite(this.#catalog, change))
  }

  #keep(list: () => Promise<readonly string[]>): Promise<void> {
    const result = this.#last.then(async () => {
      this.#untried = await list()
    })
    this.#last = result.catch(() => undefined)
    return result
  }
}

type Change = (ids: readonly string[]) => readonly string[]

/** Bases that were imported and not tried yet, kept over restarts. */
async function untried({ database }: Catalog): Promise<readonly string[]> {
  const ids = await database.settings.get(trialsKey)
  return Array.isArray(ids) ? ids.filter(id => typeof id === 'string') : []
}

/** Changes the list as it is now: studio and commands both write it. */
async function rewrite(catalog: Catalog, change: Change): Promise<readonly string[]> {
  const ids = [...new Set(change(await untried(catalog)))]
  await catalog.database.settings.set(trialsKey, ids)
  return ids
}

/** Remembers a model to be tried by the studio; for those that have no engine. */
export async function tryLater(catalog: Catalog, row: ModelRow): Promise<void> {
  const { id } = row
  if (isToBeTried(row)) await rewrite(catalog, ids => [...ids, id])
}

/** What is said of one that is usable is what it wants to be painted with, a VAE. */
const isToBeTried = ({ kind, usable, problem }: ModelRow): boolean => kind === 'base' && usable && !problem
