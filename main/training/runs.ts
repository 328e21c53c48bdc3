import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { readJson } from '../../models/checkpoint/files.ts'
import { UserError } from '../../models/errors.ts'
import { writeText } from '../../models/tensor/atomically.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import { parseRecipe } from '../../models/training/read-recipe.ts'
import type { RecipeOf } from '../../models/training/recipe.ts'
import { lastStep } from '../../models/training/run/checkpoint.ts'
import { type Claim, claimOf } from '../../models/training/run/claim.ts'
import { openRunFolder } from '../../models/training/run/folder.ts'
import { type Metrics, readMetrics } from '../../models/training/run/metrics.ts'
import { isSample, readSamples, type Samples } from '../../models/training/run/samples.ts'
import { qualityNames } from '../../preload/contract/training.ts'
import { idFrom } from '../library/card.ts'

/** What the studio knows of a run beside its recipe. */
const about = z.object({
  name: z.string(),
  /** Id of the base in the library, and what it was called. */
  base: z.string(),
  baseName: z.string(),
  quality: z.enum(qualityNames),
  /** Id of the guide in the library, once it is done. */
  guide: z.string().nullable(),
  created: z.int(),
})
export type About = z.infer<typeof about>

/** A run's folder as it stands. One of the command line has no `about`. */
export interface Run {
  readonly id: string
  readonly about: About | undefined
  /** Undefined where it cannot be read; `problem` says why. */
  readonly recipe: RecipeOf<'guide'> | undefined
  readonly problem: UserError | undefined
  /** Of the last checkpoint. */
  readonly step: number
  readonly hasResult: boolean
  readonly metrics: readonly Metrics[]
  /** The process that trains it. */
  readonly claim: Claim | undefined
  /** Milliseconds since 1970. */
  readonly created: number
}

const aboutFile = 'studio.json'
const promptsFile = 'prompts.txt'
const recipeFile = 'recipe.json'
/** How a folder begins that is not yet whole. */
const part = '.part-'

/** The runs below DATA/runs that train guides, each a folder as `cicerone train` has it. */
export class Runs {
  readonly #folder: string
  /** Metrics by run, with what shows that they are still those of the file. */
  readonly #metrics = new Map<string, { readonly stamp: string; readonly metrics: readonly Metrics[] }>()

  /** @param data absolute */
  constructor(data: string) {
    this.#folder = join(data, 'runs')
  }

  /** Removes what a studio that was killed has begun to make. */
  async tidy(): Promise<void> {
    const parts = (await readdir(this.#folder).catch(() => [])).filter(name => name.startsWith(part))
    for (const name of parts) await rm(join(this.#folder, name), { recursive: true, force: true })
  }

  /** Where a run lies. Throws `UserError` where the id cannot be that of one. */
  folder(id: string): string {
    if (!isName(id)) throw missing(id)
    return join(this.#folder, id)
  }

  /** Newest first. What is no run, or trains something else than a guide, is left out. */
  async list(): Promise<Run[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter(isName)
    const runs = await Promise.all(names.map(id => this.#read(id)))
    return runs.filter(run => run !== undefined).toSorted((a, b) => b.created - a.created)
  }

  /** Throws `UserError` where there is no such run. */
  async get(id: string): Promise<Run> {
    const run = await this.#read(this.folder(id) && id)
    if (!run) throw missing(id)
    return run
  }

  /** Makes the folder of a run, whole or not at all; the prompts lie in it. Its id. */
  async create(
    known: Omit<About, 'guide' | 'created'>,
    prompts: string,
    recipeFor: (prompts: string) => RecipeOf<'guide'>,
  ): Promise<string> {
    const temporary = join(this.#folder, `${part}${crypto.randomUUID()}`)
    try {
      await mkdir(this.#folder, { recursive: true })
      const wanted = idFrom(known.name)
      for (let n = 1; ; n++) {
        const id = n === 1 ? wanted : `${wanted}-${n}`
        const folder = join(this.#folder, id)
        if (await stat(folder).catch(() => undefined)) continue
        await openRunFolder(temporary, recipeFor(join(folder, promptsFile)), 'auto')
        await writeText(join(temporary, promptsFile), prompts)
        await this.#write(temporary, { ...known, guide: null, created: Date.now() })
        await rename(temporary, folder)
        return id
      }
    } catch (cause) {
      throw cause instanceof UserError ? cause : pathError(this.#folder, cause, 'written')
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }

  /**
   * The recipe of a run as it can be trained now: the base may lie elsewhere than when it was begun, and so may the data
   * folder. The run keeps what was changed.
   */
  async recipe({ id, recipe, problem, about: known }: Run, base: string | undefined): Promise<RecipeOf<'guide'>> {
    if (!recipe) throw problem ?? missing(id)
    if (!known || base === undefined) return recipe
    const now = { ...recipe, base, prompts: join(this.folder(id), promptsFile) }
    if (now.base !== recipe.base || now.prompts !== recipe.prompts)
      await writeText(join(this.folder(id), recipeFile), `${JSON.stringify(now, undefined, 2)}\n`)
    return now
  }

  /** Keeps which guide of the library a run has made. */
  async made(run: Run, guide: string): Promise<void> {
    if (run.about) await this.#write(this.folder(run.id), { ...run.about, guide })
  }

  async remove(id: string): Promise<void> {
    await rm(this.folder(id), { recursive: true, force: true })
  }

  async samples(id: string): Promise<Samples> {
    return readSamples(join(this.folder(id), 'samples'))
  }

  /** The path of a sample picture of a run; undefined where that can be none. */
  async file(id: string, name: string): Promise<string | undefined> {
    return isName(id) && isSample(name) ? join(this.#folder, id, 'samples', name) : undefined
  }

  async #read(id: string): Promise<Run | undefined> {
    const folder = join(this.#folder, id)
    const path = join(folder, recipeFile)
    const info = await stat(path).catch(() => undefined)
    const known = about.safeParse(parsed(await readFile(join(folder, aboutFile), 'utf8').catch(() => ''))).data
    if (!info && !known) return undefined
    const read = await readJson(path, path).then(
      value => parseRecipe(value, path),
      (error: unknown) => {
        if (error instanceof UserError) return error
        throw error
      },
    )
    const problem = read instanceof UserError ? read : undefined
    const recipe = read instanceof UserError || read.objective !== 'guide' ? undefined : read
    if (!known && !recipe) return undefined
    return {
      ...{ id, about: known, recipe, problem },
      step: await lastStep(join(folder, 'checkpoints')),
      hasResult: (await stat(join(folder, 'result', 'guide.safetensors')).catch(() => undefined)) !== undefined,
      metrics: await this.#metricsOf(id),
      claim: await claimOf(folder),
      created: known?.created ?? Math.round(info?.mtimeMs ?? 0),
    }
  }

  /** They are asked for whenever the queue changes, and seldom new. */
  async #metricsOf(id: string): Promise<readonly Metrics[]> {
    const path = join(this.#folder, id, 'metrics.jsonl')
    const info = await stat(path).catch(() => undefined)
    const stamp = `${info?.size} ${info?.mtimeMs}`
    const known = this.#metrics.get(id)
    if (known?.stamp === stamp) return known.metrics
    const metrics = info ? await readMetrics(path) : []
    this.#metrics.set(id, { stamp, metrics })
    return metrics
  }

  #write(folder: string, known: About): Promise<void> {
    return writeText(join(folder, aboutFile), `${JSON.stringify(known, undefined, 2)}\n`)
  }
}

/** Whether a text can be the name of a run's folder: one name, and not hidden. */
const isName = (id: string): boolean =>
  id.length <= 200 && !id.startsWith('.') && !/[/\\:\0]/.test(id) && basename(id) === id && id !== ''

const missing = (id: string): UserError => new UserError(`There is no run ${id}.`, 'It may have been removed.')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
