import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { startTrainer, type Trainer, TrainerDied } from '../../models/trainer/start.ts'
import type { Measured } from '../../models/training/measure.ts'
import type { RecipeOf } from '../../models/training/recipe.ts'
import { promptsIn, promptTable } from '../../models/training/states/prompts.ts'
import type { Contract } from '../../preload/contract/index.ts'
import type { Implementation } from '../../preload/contract/service.ts'
import {
  type GuideRequest,
  qualityNames,
  type TrainingEstimate,
  type TrainingRun,
} from '../../preload/contract/training.ts'
import type { Database } from '../database/database.ts'
import type { JobRow } from '../database/queries/jobs.ts'
import type { Events } from '../events.ts'
import type { Library } from '../library/library.ts'
import { shipped } from '../paths.ts'
import type { Queue } from '../queue/queue.ts'
import { curveOf, errorsOf } from './detail.ts'
import { estimateFrom } from './estimate.ts'
import { guideRecipe, type Quality } from './recipe.ts'
import type { Run, Runs } from './runs.ts'

export interface TrainingOptions {
  readonly runs: Runs
  readonly database: Pick<Database, 'jobs'>
  readonly events: Events
  readonly library: Library
  /** The Node that processes are started under. */
  readonly node: string
  readonly queue: Queue
}

type Service = Implementation<Contract['training']>

/** Guides that are, were or shall be trained: what stands in the runs' folders and in the queue, as a window sees it. */
export class Training {
  readonly #options: TrainingOptions
  #estimating: { readonly trainer: Trainer<Measured> | undefined; cancel(reason: UserError): void } | undefined
  /** Changes are told one after another; what came meanwhile is told once. */
  #telling = false
  #again = false
  #told = ''

  constructor(options: TrainingOptions) {
    this.#options = options
  }

  readonly service: Service = {
    estimate: ({ base }) => this.#estimate(base),
    cancelEstimate: async () => {
      this.#estimating?.cancel(new UserError('The estimate was given up.'))
      return {}
    },
    begin: asked => this.#begin(asked),
    runs: () => this.#all(),
    detail: async ({ run: id }) => {
      const { runs } = this.#options
      const { metrics } = await runs.get(id)
      const { steps, ...pictures } = await runs.samples(id)
      const samples = steps.map(({ step, files }) => ({ step, files: [...files] }))
      return {
        ...{ curve: curveOf(metrics), errors: errorsOf(metrics), samples },
        ...{ cfg: [...pictures.cfg], none: [...pictures.none], prompts: [...pictures.prompts] },
      }
    },
    stop: async ({ run: id }) => {
      const { job, state } = await this.#one(id)
      if (job !== null) await this.#options.queue.service.cancel({ id: job })
      else if (state === 'running')
        throw new UserError('This guide is trained by another program.', 'Stop it there, with Ctrl+C in its terminal.')
      return {}
    },
    goOn: async ({ run: id }) => {
      const { name, state } = await this.#one(id)
      if (state === 'done') throw new UserError('This guide is done.', 'Train another one for a better guide.')
      await this.#options.queue.train({ run: id, name })
      return this.#one(id)
    },
    remove: async ({ run: id }) => {
      const { job, state } = await this.#one(id)
      if (job !== null || state === 'running')
        throw new UserError('This guide is being trained or waits for it.', 'Stop it first.')
      const { runs, database } = this.#options
      await runs.remove(id)
      for (const row of await database.jobs.trainings()) if (row.run === id) await database.jobs.remove(row.id)
      this.tell()
      return {}
    },
  }

  /** Tells all runs as they stand, where anything is new. */
  readonly tell = (): void => {
    this.#again = true
    if (this.#telling) return
    this.#telling = true
    void this.#tellAll().finally(() => {
      this.#telling = false
    })
  }

  async close(): Promise<void> {
    this.#estimating?.cancel(new UserError('The studio was closed.'))
  }

  async #tellAll(): Promise<void> {
    while (this.#again) {
      this.#again = false
      // The database may have been closed in the meantime: nobody listens any more.
      const runs = await this.#all().catch(() => undefined)
      const text = JSON.stringify(runs ?? [])
      if (!runs || text === this.#told) continue
      this.#told = text
      this.#options.events.emit('training.changed', runs)
    }
  }

  async #begin({ name, base, prompts, quality }: GuideRequest): Promise<TrainingRun> {
    const { runs, queue } = this.#options
    const text = await textOf(prompts)
    const { wanted, baseName } = await this.#wanted(base, name)
    const id = await runs.create({ name, base, baseName, quality }, text, path =>
      guideRecipe({ ...wanted, prompts: path }, quality),
    )
    await queue.train({ run: id, name })
    return this.#one(id)
  }

  /** What a recipe for a base is made of. Throws `UserError` where there is no such base in the library. */
  async #wanted(base: string, name: string) {
    const { library } = this.#options
    if (!(await library.has(base))) throw new UserError('This base is not in the library.', 'Choose another one.')
    const { path, overrides } = await library.resolveBase(base)
    const { parts = [], parameters: all } = await library.service.report({ id: base })
    const baseName = (await library.service.list({})).find(({ id }) => id === base)?.name ?? base
    const parameters = parts.find(part => part.name === 'unet')?.parameters ?? all
    return { wanted: { name, base: path, overrides, parameters }, baseName }
  }

  async #estimate(base: string): Promise<TrainingEstimate> {
    this.#estimating?.cancel(new UserError('Another estimate was asked for.'))
    const { promise: cancelled, reject } = Promise.withResolvers<never>()
    cancelled.catch(() => undefined)
    let trainer: Trainer<Measured> | undefined
    const own = {
      cancel(reason: UserError) {
        reject(reason)
        trainer?.kill()
      },
      trainer,
    }
    this.#estimating = own
    const { queue, node } = this.#options
    try {
      const { wanted } = await Promise.race([cancelled, this.#wanted(base, 'Estimate')])
      const prompts = join(shipped.prompts, 'general.txt')
      const recipes = Object.fromEntries(
        qualityNames.map(quality => [quality, guideRecipe({ ...wanted, prompts }, quality, 0)]),
      ) as Record<Quality, RecipeOf<'guide'>>
      const { texts } = promptTable(promptsIn(await readFile(prompts, 'utf8')), recipes.quick)
      return await queue.aside(async free => {
        await Promise.race([cancelled, free])
        trainer = startTrainer({ type: 'measure', recipe: recipes.quick, merges: shipped.merges }, { node })
        const measured = await Promise.race([cancelled, trainer.result]).catch((error: unknown) => {
          throw error instanceof TrainerDied ? tooLarge(error) : error
        })
        return estimateFrom(measured, recipes, texts.length)
      })
    } finally {
      if (this.#estimating === own) this.#estimating = undefined
    }
  }

  async #all(): Promise<TrainingRun[]> {
    const { runs, database, library } = this.#options
    const [all, jobs] = await Promise.all([runs.list(), database.jobs.trainings()])
    return Promise.all(
      all.map(async run =>
        seen(
          run,
          jobs.find(job => job.run === run.id),
          library,
        ),
      ),
    )
  }

  async #one(id: string): Promise<TrainingRun> {
    const { runs, database, library } = this.#options
    const [run, jobs] = await Promise.all([runs.get(id), database.jobs.trainings()])
    return seen(
      run,
      jobs.find(job => job.run === id),
      library,
    )
  }
}

/** A run as a window sees it: the queue says what becomes of it, its folder what it has come to. */
async function seen(run: Run, job: JobRow | undefined, library: Library): Promise<TrainingRun> {
  const { id, about, recipe, problem, step, hasResult, metrics, claim, created } = run
  const waits = job?.state === 'queued' || job?.state === 'running'
  const isDone = about ? about.guide !== null : hasResult
  const error = problem ? { message: problem.message, hint: problem.hint } : (job?.error ?? null)
  const state = waits
    ? (job.state as 'queued' | 'running')
    : isDone
      ? 'done'
      : claim
        ? 'running'
        : problem || job?.state === 'failed'
          ? 'failed'
          : 'stopped'
  const base = about && (await library.has(about.base)) ? about.base : null
  return {
    ...{ id, state, base, step, created, job: waits ? job.id : null },
    name: about?.name ?? recipe?.name ?? id,
    baseName: about?.baseName ?? (recipe ? nameOf(recipe.base) : ''),
    quality: about?.quality ?? null,
    steps: recipe?.steps ?? 0,
    error: errorsOf(metrics).at(-1)?.errors['4'] ?? null,
    guide: about?.guide ?? null,
    problem: state === 'failed' ? error : null,
  }
}

const nameOf = (path: string): string => path.split(/[/\\]/).at(-1) ?? path

/** The prompts of a request as the text of a file. Throws `UserError` where there are none. */
async function textOf(prompts: GuideRequest['prompts']): Promise<string> {
  const text = 'list' in prompts ? await readFile(join(shipped.prompts, `${prompts.list}.txt`), 'utf8') : prompts.text
  if (promptsIn(text).length === 0) throw new UserError('There are no prompts.', 'Write one a line.')
  return text
}

const tooLarge = (cause: TrainerDied): UserError =>
  new UserError(
    'Training on this base could not be measured: its process ended.',
    'Most likely memory is too short for it; close other programs, or choose a smaller base.',
    { cause },
  )
